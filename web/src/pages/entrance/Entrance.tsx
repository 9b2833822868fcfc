/** The frame of the pages before the door: sign in, register, first admin. */
import { type ReactNode, useEffect, useRef } from "react";
import { AppShell } from "../../design/AppShell";
import { Card } from "../../design/Card";
import "./Entrance.css";

/** `news`: this came in place of what the person has just sent, and is read out to them. */
export function Entrance({
  title,
  lead,
  children,
  foot,
  news = false,
}: {
  title: string;
  lead: string;
  children: ReactNode;
  foot?: ReactNode;
  news?: boolean;
}) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    if (news) heading.current?.focus();
  }, [news]);
  return (
    <AppShell>
      <div className="entrance">
        <header className="entrance-head">
          <h1 ref={heading} tabIndex={-1}>
            {title}
          </h1>
          <p className="soft">{lead}</p>
        </header>
        <Card>{children}</Card>
        {foot && <p className="entrance-foot">{foot}</p>}
      </div>
    </AppShell>
  );
}
