/** The frame of the pages before the door: sign in, register, first admin. */
import type { ReactNode } from "react";
import { AppShell } from "../../design/AppShell";
import { Card } from "../../design/Card";
import "./Entrance.css";

export function Entrance({
  title,
  lead,
  children,
  foot,
}: {
  title: string;
  lead: string;
  children: ReactNode;
  foot?: ReactNode;
}) {
  return (
    <AppShell>
      <div className="entrance">
        <header className="entrance-head">
          <h1>{title}</h1>
          <p className="soft">{lead}</p>
        </header>
        <Card>{children}</Card>
        {foot && <p className="entrance-foot">{foot}</p>}
      </div>
    </AppShell>
  );
}
