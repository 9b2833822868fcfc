/** Buttons, and links that look like them. */
import type { ButtonHTMLAttributes, ReactNode } from "react";
import { Link } from "wouter";
import "./Button.css";
import { Icon, type IconName } from "./Icon";
import { Spinner } from "./Spinner";

export type ButtonTone = "primary" | "plain" | "quiet" | "danger";

interface Look {
  tone?: ButtonTone;
  size?: "medium" | "small" | "large";
  icon?: IconName;
  /** Fills the width of its container. */
  wide?: boolean;
}

type ButtonProps = Look & ButtonHTMLAttributes<HTMLButtonElement> & { busy?: boolean };

const className = ({ tone = "plain", size = "medium", wide }: Look, extra = "") =>
  `button button-${tone} button-${size}${wide ? " button-wide" : ""} ${extra}`.trim();

/** A button; `busy` shows a spinner and refuses further presses, but keeps the focus where it is. */
export function Button({ tone, size, icon, wide, busy = false, children, onClick, ...rest }: ButtonProps) {
  return (
    <button
      type="button"
      {...rest}
      className={className(
        { ...(tone && { tone }), ...(size && { size }), ...(wide && { wide }) },
        rest.className,
      )}
      aria-busy={busy || undefined}
      aria-disabled={busy || rest["aria-disabled"] || undefined}
      onClick={busy ? (event) => event.preventDefault() : onClick}
    >
      {busy ? <Spinner size={16} /> : icon && <Icon name={icon} size={size === "small" ? 16 : 18} />}
      {children}
    </button>
  );
}

/** A button that shows only an icon; `label` names it for everyone else. */
export function IconButton({
  icon,
  label,
  tone = "quiet",
  size = "medium",
  ...rest
}: Omit<ButtonProps, "children" | "wide" | "busy"> & { icon: IconName; label: string }) {
  return (
    <button
      type="button"
      title={label}
      aria-label={label}
      {...rest}
      className={className({ tone, size }, `button-icon ${rest.className ?? ""}`)}
    >
      <Icon name={icon} size={size === "small" ? 16 : 20} />
    </button>
  );
}

/** A link within the application that looks like a button. */
export function ButtonLink({
  href,
  children,
  icon,
  testId,
  ...look
}: Look & { href: string; children: ReactNode; testId?: string }) {
  return (
    <Link href={href} className={className(look)} data-testid={testId}>
      {icon && <Icon name={icon} size={look.size === "small" ? 16 : 18} />}
      {children}
    </Link>
  );
}

/** A link to a file or another site that looks like a button. */
export function ButtonAnchor({
  href,
  children,
  icon,
  testId,
  download,
  ...look
}: Look & { href: string; children: ReactNode; testId?: string; download?: boolean }) {
  return (
    <a href={href} className={className(look)} data-testid={testId} download={download}>
      {icon && <Icon name={icon} size={look.size === "small" ? 16 : 18} />}
      {children}
    </a>
  );
}
