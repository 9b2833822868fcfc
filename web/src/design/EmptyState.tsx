/** What a page shows when there is nothing to show, and what to do about it. */
import type { ReactNode } from "react";
import "./EmptyState.css";
import { Icon, type IconName } from "./Icon";

export function EmptyState({
  icon,
  title,
  children,
  action,
  page = false,
}: {
  icon: IconName;
  title: string;
  children?: ReactNode;
  action?: ReactNode;
  /** Whether it is the whole page: then its title is the page's. */
  page?: boolean;
}) {
  const Title = page ? "h1" : "h2";
  return (
    <div className="empty">
      <span className="empty-icon">
        <Icon name={icon} size={26} />
      </span>
      <Title className="empty-title">{title}</Title>
      {children && <p className="soft">{children}</p>}
      {action && <div className="empty-action">{action}</div>}
    </div>
  );
}
