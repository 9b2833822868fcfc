import type { ReactNode } from "react";
import { EmptyState } from "../../design/EmptyState";
import { Entrance } from "./Entrance";

/** In place of a page that a link from a mail opens, when the link is not (or not any more) good. */
export function LinkOver({
  title,
  whole,
  children,
  action,
}: {
  title: string;
  /** Whether the address held a link at all. */
  whole: boolean;
  children: ReactNode;
  action: ReactNode;
}) {
  return (
    <Entrance
      title={title}
      lead={whole ? "This link is not good any more." : "The link is not complete."}
      news
    >
      <div data-testid="link-over">
        <EmptyState
          icon="link"
          title={whole ? "Used, too old, or ended" : "Open the whole link"}
          action={action}
        >
          {whole
            ? children
            : "Some mail programs break long links in two. Copy the whole link from the mail into the address bar."}
        </EmptyState>
      </div>
    </Entrance>
  );
}
