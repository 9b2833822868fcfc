/** The pages of one part, beside each other: in a narrow window one row that is moved sideways. */
import { type ReactNode, type RefObject, useEffect, useRef, useState } from "react";
import { Link } from "wouter";
import { Icon, type IconName } from "./Icon";
import "./PlaceTabs.css";

export interface PlaceTab {
  href: string;
  label: string;
  icon: IconName;
  /** This page, or one within it. */
  current?: "page" | "true" | undefined;
  testId: string;
}

/** On which sides of a row there is more than is seen. */
export interface Edges {
  before: boolean;
  after: boolean;
}

type Row = Pick<HTMLElement, "scrollLeft" | "clientWidth" | "scrollWidth">;

/** A pixel is lost where a window is shown larger or smaller. */
const SLACK_PX = 2;
/** What stays in sight of before when the row is moved by its buttons. */
const KEPT = 0.3;

export function edgesOf({ scrollLeft, clientWidth, scrollWidth }: Row): Edges {
  return {
    before: scrollLeft > SLACK_PX,
    after: scrollLeft + clientWidth < scrollWidth - SLACK_PX,
  };
}

/** Where a row must stand for one of its items to be in the middle, as far as it can be. */
export function middleOf(
  row: Pick<HTMLElement, "clientWidth">,
  item: Pick<HTMLElement, "offsetLeft" | "offsetWidth">,
): number {
  return Math.max(0, item.offsetLeft + item.offsetWidth / 2 - row.clientWidth / 2);
}

/** The page one is on is in sight from the start, when another one is opened, and in a window that was wider. */
function useInSight(row: RefObject<HTMLElement | null>, here: string | undefined): void {
  useEffect(() => {
    const nav = row.current;
    if (!nav || here === undefined) return;
    const show = () => {
      const item = nav.querySelector<HTMLElement>("[aria-current]");
      if (item) nav.scrollLeft = middleOf(nav, item);
    };
    show();
    const observer = new ResizeObserver(show);
    observer.observe(nav);
    return () => observer.disconnect();
  }, [row, here]);
}

function useEdges(row: RefObject<HTMLElement | null>, count: number): Edges {
  const [edges, setEdges] = useState<Edges>({ before: false, after: false });
  // biome-ignore lint/correctness/useExhaustiveDependencies: more tabs make the row longer, not the window wider
  useEffect(() => {
    const nav = row.current;
    if (!nav) return;
    const look = () => {
      const now = edgesOf(nav);
      setEdges((was) => (was.before === now.before && was.after === now.after ? was : now));
    };
    look();
    const observer = new ResizeObserver(look);
    observer.observe(nav);
    nav.addEventListener("scroll", look, { passive: true });
    return () => {
      observer.disconnect();
      nav.removeEventListener("scroll", look);
    };
  }, [row, count]);
  return edges;
}

export function PlaceTabs({ label, tabs }: { label: string; tabs: readonly PlaceTab[] }) {
  const row = useRef<HTMLElement>(null);
  useInSight(row, tabs.find(({ current }) => current)?.href);
  const edges = useEdges(row, tabs.length);
  const move = (way: 1 | -1) => {
    const nav = row.current;
    nav?.scrollBy({ left: way * nav.clientWidth * (1 - KEPT), behavior: "smooth" });
  };
  return (
    <div className="place-tabs" data-before={edges.before} data-after={edges.after}>
      {edges.before && <Mover way="before" onMove={() => move(-1)} />}
      <nav ref={row} className="place-tabs-row" aria-label={label}>
        {tabs.map((tab) => (
          <Link
            key={tab.href}
            href={tab.href}
            className="place-tab"
            aria-current={tab.current}
            data-testid={tab.testId}
          >
            <Icon name={tab.icon} size={16} />
            {tab.label}
          </Link>
        ))}
      </nav>
      {edges.after && <Mover way="after" onMove={() => move(1)} />}
    </div>
  );
}

/** For the mouse alone: the keyboard goes through the links, and the row follows it. */
function Mover({ way, onMove }: { way: keyof Edges; onMove: () => void }): ReactNode {
  return (
    <button
      type="button"
      className={`place-tabs-mover place-tabs-${way}`}
      tabIndex={-1}
      aria-hidden="true"
      onClick={onMove}
    >
      <Icon name={way === "before" ? "back" : "forward"} size={18} />
    </button>
  );
}
