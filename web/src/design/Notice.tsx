/** A message that stays in the page: what went wrong, and what to do. */
import type { ReactNode } from "react";
import { Icon } from "./Icon";
import "./Notice.css";

export function Notice({
  tone = "warn",
  title,
  children,
  action,
  testId,
}: {
  tone?: "warn" | "wrong" | "info";
  title?: string;
  children?: ReactNode;
  action?: ReactNode;
  testId?: string;
}) {
  return (
    <div
      className={`notice notice-${tone}`}
      role={tone === "wrong" ? "alert" : "status"}
      data-testid={testId}
    >
      <Icon name={tone === "info" ? "info" : "warning"} />
      <div className="notice-words">
        {title && <strong>{title}</strong>}
        {children && <p>{children}</p>}
      </div>
      {action && <div className="notice-action">{action}</div>}
    </div>
  );
}
