/** A button that opens a short list of things to do (WAI-ARIA menu button pattern). */
import {
  type KeyboardEvent,
  type ReactNode,
  type RefObject,
  useEffect,
  useId,
  useLayoutEffect,
  useRef,
  useState,
} from "react";
import { Icon, type IconName } from "./Icon";
import "./Menu.css";

export interface MenuItem {
  label: string;
  icon?: IconName;
  danger?: boolean;
  /** Given for choices: whether this is the one in force. */
  chosen?: boolean;
  /** Items that follow one another with the same one stand under it as their heading. */
  group?: string;
  testId?: string;
  act: () => void;
}

interface MenuProps {
  label: string;
  items: MenuItem[];
  /** What the button shows. */
  children: ReactNode;
  className?: string;
  above?: boolean;
  /** Placed in the window, where there is room, whatever cuts off or scrolls around the button. */
  floating?: boolean;
  testId?: string;
  onOpen?: () => void;
}

const GAP = 6;
const EDGE = 8;

/** Puts a list under its button, or above it where there is no room below; and closes it when things move. */
function useFloating(
  active: boolean,
  button: RefObject<HTMLElement | null>,
  list: RefObject<HTMLElement | null>,
  close: () => void,
): void {
  useLayoutEffect(() => {
    const menu = list.current;
    const place = button.current?.getBoundingClientRect();
    if (!active || !menu || !place) return;
    const { offsetWidth: width, offsetHeight: height } = menu;
    const below = place.bottom + GAP;
    const top = below + height <= window.innerHeight - EDGE ? below : place.top - GAP - height;
    menu.style.top = `${Math.max(EDGE, top)}px`;
    menu.style.left = `${Math.max(EDGE, Math.min(place.right - width, window.innerWidth - width - EDGE))}px`;
    const onScroll = (event: Event) => event.target !== menu && close();
    window.addEventListener("scroll", onScroll, true);
    window.addEventListener("resize", close);
    return () => {
      window.removeEventListener("scroll", onScroll, true);
      window.removeEventListener("resize", close);
    };
  }, [active, button, list, close]);
}

function moveFocus(list: HTMLElement | null, step: number | "first" | "last"): void {
  const items = [...(list?.querySelectorAll<HTMLElement>("[role^=menuitem]") ?? [])];
  if (items.length === 0) return;
  const now = items.indexOf(document.activeElement as HTMLElement);
  const next =
    step === "first" ? 0 : step === "last" ? items.length - 1 : (now + step + items.length) % items.length;
  items[next]?.focus();
}

export function Menu({
  label,
  items,
  children,
  className = "button button-quiet button-icon",
  above,
  floating = false,
  testId,
  onOpen,
}: MenuProps) {
  const [open, setOpen] = useState(false);
  const [shut] = useState(() => () => setOpen(false));
  const root = useRef<HTMLDivElement>(null);
  const list = useRef<HTMLDivElement>(null);
  const button = useRef<HTMLButtonElement>(null);
  const id = useId();

  useFloating(open && floating, button, list, shut);

  useEffect(() => {
    if (!open) return;
    moveFocus(list.current, "first");
    const closeOutside = (event: PointerEvent) => {
      if (!root.current?.contains(event.target as Node)) setOpen(false);
    };
    document.addEventListener("pointerdown", closeOutside);
    return () => document.removeEventListener("pointerdown", closeOutside);
  }, [open]);

  const close = () => {
    setOpen(false);
    button.current?.focus();
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const moves: Record<string, number | "first" | "last"> = {
      ArrowDown: 1,
      ArrowUp: -1,
      Home: "first",
      End: "last",
    };
    const step = moves[event.key];
    if (event.key === "Escape") close();
    else if (event.key === "Tab") setOpen(false);
    else if (step !== undefined) moveFocus(list.current, step);
    if (event.key === "Escape" || step !== undefined) {
      event.preventDefault();
      event.stopPropagation();
    }
  };

  return (
    <div className="menu" ref={root}>
      <button
        ref={button}
        type="button"
        className={className}
        aria-label={label}
        title={label}
        aria-haspopup="menu"
        aria-expanded={open}
        aria-controls={open ? id : undefined}
        data-testid={testId}
        onClick={() => {
          if (!open) onOpen?.();
          setOpen(!open);
        }}
      >
        {children}
      </button>
      {open && (
        <div
          ref={list}
          id={id}
          className={`menu-list ${floating ? "menu-floating" : above ? "menu-above" : ""}`.trim()}
          role="menu"
          tabIndex={-1}
          aria-label={label}
          onKeyDown={onKeyDown}
        >
          {grouped(items).map(({ group, first, members }) =>
            group ? (
              <div key={group} role="group" aria-label={group} className="menu-group">
                <span className="menu-heading" aria-hidden="true">
                  {group}
                </span>
                {members.map((item) => (
                  <Item key={item.label} item={item} onDone={close} />
                ))}
              </div>
            ) : (
              <Item key={first.label} item={first} onDone={close} />
            ),
          )}
        </div>
      )}
    </div>
  );
}

interface Run {
  group: string | undefined;
  first: MenuItem;
  members: MenuItem[];
}

/** Neighbours of one group together; all others by themselves. */
export function grouped(items: readonly MenuItem[]): Run[] {
  const runs: Run[] = [];
  for (const item of items) {
    const last = runs.at(-1);
    if (last && item.group && last.group === item.group) last.members.push(item);
    else runs.push({ group: item.group, first: item, members: [item] });
  }
  return runs;
}

function Item({ item, onDone }: { item: MenuItem; onDone: () => void }) {
  const act = () => {
    onDone();
    item.act();
  };
  const choice = item.chosen !== undefined;
  const look = {
    type: "button" as const,
    tabIndex: -1,
    className: item.danger ? "menu-item menu-danger" : "menu-item",
    "data-testid": item.testId,
    onClick: act,
  };
  const words = (
    <>
      {item.icon && <Icon name={item.icon} size={18} />}
      <span>{item.label}</span>
      {item.chosen && <Icon name="check" size={16} />}
    </>
  );
  if (choice) {
    return (
      <button {...look} role="menuitemradio" aria-checked={item.chosen === true}>
        {words}
      </button>
    );
  }
  return (
    <button {...look} role="menuitem">
      {words}
    </button>
  );
}
