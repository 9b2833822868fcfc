/** Tiles of which there is more than one page. */
import type { ReactNode } from "react";
import { IconButton } from "../../design/Button";
import "./Pager.css";

interface PagerProps {
  page: number;
  pages: number;
  onPage: (page: number) => void;
  /** It is no wider than its tiles. */
  strip?: boolean;
  children: ReactNode;
}

export function Pager({ page, pages, onPage, strip = false, children }: PagerProps) {
  return (
    <div className={strip ? "pager pager-strip" : "pager"}>
      {children}
      {pages > 1 && (
        <nav className="pager-tools" aria-label="Pages of tiles">
          <IconButton
            icon="back"
            label="People before these"
            size="small"
            disabled={page === 0}
            onClick={() => onPage(page - 1)}
          />
          <span className="numbers" data-testid="tile-page">
            {page + 1}/{pages}
          </span>
          <IconButton
            icon="forward"
            label="More people"
            size="small"
            disabled={page === pages - 1}
            onClick={() => onPage(page + 1)}
            data-testid="next-tiles"
          />
        </nav>
      )}
    </div>
  );
}
