/** The frame around every page: name, places, theme, person. */
import { type ReactNode, useState, useSyncExternalStore } from "react";
import { Link, useLocation } from "wouter";
import { usePicture } from "../hooks/usePicture";
import { isAdmin, mayTeach, type SessionState, useSession } from "../session/Session";
import { useUnread } from "../session/Unread";
import { badgeOf, useWaiting } from "../session/Waiting";
import "./AppShell.css";
import { Avatar } from "./Avatar";
import { ButtonLink } from "./Button";
import { Icon, type IconName } from "./Icon";
import { Menu, type MenuItem } from "./Menu";
import { chooseTheme, onSystemTheme, readThemeChoice, type ThemeChoice, themeInForce } from "./theme";

interface Place {
  href: string;
  label: string;
  icon: IconName;
}

const PLACES: readonly Place[] = [
  { href: "/rooms", label: "Rooms", icon: "door" },
  { href: "/recordings", label: "Recordings", icon: "film" },
];
const COURSES: Place = { href: "/courses", label: "Courses", icon: "book" };
const PEOPLE: Place = { href: "/people", label: "People", icon: "users" };
const INVITE: Place = { href: "/invitations", label: "Invite", icon: "mail" };

/** What administrators do beside classes; each page leads to the others. */
export const ADMIN_PLACES: readonly Place[] = [
  PEOPLE,
  { href: "/invitations", label: "Invitations", icon: "mail" },
  { href: "/audit", label: "Audit", icon: "list" },
  { href: "/mails", label: "Mails", icon: "send" },
  { href: "/usage", label: "Usage", icon: "poll" },
  { href: "/server", label: "Server", icon: "settings" },
];

/**
 * `wide` lets a page use the whole window, as studio and player do; `place` says where it belongs when its address does
 * not.
 */
export function AppShell({
  children,
  wide = false,
  place,
}: {
  children: ReactNode;
  wide?: boolean;
  place?: string;
}) {
  const { state } = useSession();
  const inside = state.phase === "ready";
  return (
    <div className="shell">
      <a className="shell-skip" href="#content">
        Skip to content
      </a>
      <header className="shell-bar">
        <Link href="/" className="shell-brand" aria-label="vtp, home">
          <Logo />
          <span>vtp</span>
        </Link>
        {inside && <Places {...(place && { place })} />}
        <div className="shell-tools">
          <Bell />
          {/* With an account it is in its menu: phones have no room for another one. */}
          {!(inside && state.user) && <ThemeMenu />}
          {inside ? <PersonMenu /> : <SignInLink />}
        </div>
      </header>
      <main id="content" tabIndex={-1} className={wide ? "shell-main shell-wide" : "shell-main"}>
        {children}
      </main>
    </div>
  );
}

export function Logo({ size = 28 }: { size?: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 32 32" aria-hidden="true" focusable="false">
      <rect className="logo-ground" width="32" height="32" rx="9" />
      <path className="logo-play" d="M12.5 9.6v12.8L23 16z" />
      <circle className="logo-dot" cx="8.2" cy="16" r="2" />
    </svg>
  );
}

function placesOf(state: SessionState): readonly Place[] {
  // With open rooms there is nobody to be in a course.
  if (state.phase !== "ready" || state.user === null) return PLACES;
  const [rooms, ...others] = PLACES as [Place, ...Place[]];
  const places = [rooms, COURSES, ...others];
  if (isAdmin(state)) return [...places, PEOPLE];
  return mayTeach(state) ? [...places, INVITE] : places;
}

function Places({ place }: { place?: string }) {
  const [address] = useLocation();
  const path = place ?? address;
  const { state } = useSession();
  const { badge } = useWaiting();
  const places = placesOf(state);
  const isHere = (href: string) => {
    if (href === PEOPLE.href) return ADMIN_PLACES.some((place) => path.startsWith(place.href));
    return path.startsWith(href);
  };
  return (
    <nav className="shell-places" aria-label="Main">
      {places.map(({ href, label, icon }) => (
        <Link key={href} href={href} className="shell-place" aria-current={isHere(href) ? "page" : undefined}>
          <Icon name={icon} size={18} />
          <span>{label}</span>
          {href === PEOPLE.href && badge && (
            <span className="shell-count numbers" data-testid="people-waiting">
              {badge}
              <span className="visually-hidden"> waiting for approval</span>
            </span>
          )}
        </Link>
      ))}
    </nav>
  );
}

const THEMES: readonly { choice: ThemeChoice; label: string; icon: IconName }[] = [
  { choice: "system", label: "Like the system", icon: "screen" },
  { choice: "light", label: "Light", icon: "sun" },
  { choice: "dark", label: "Dark", icon: "moon" },
];

function useThemeItems(): MenuItem[] {
  const [chosen, setChosen] = useState(readThemeChoice);
  return THEMES.map<MenuItem>(({ choice, label, icon }) => ({
    label,
    icon,
    chosen: choice === chosen,
    testId: `theme-${choice}`,
    act: () => {
      chooseTheme(choice);
      setChosen(choice);
    },
  }));
}

function ThemeMenu() {
  const items = useThemeItems();
  const theme = useSyncExternalStore(onSystemTheme, themeInForce);
  return (
    <Menu label="Theme" items={items} testId="theme-menu">
      <Icon name={theme === "dark" ? "moon" : "sun"} />
    </Menu>
  );
}

function PersonMenu() {
  const { state, signOut } = useSession();
  const [, go] = useLocation();
  const themes = useThemeItems();
  const picture = usePicture(state.phase === "ready" ? state.user?.picture_url : null);
  if (state.phase !== "ready") return null;
  if (!state.user) return <span className="shell-guest">Open rooms</span>;
  const items: MenuItem[] = [
    { label: "Home", icon: "home", act: () => go("/") },
    { label: "Profile", icon: "user", act: () => go("/profile") },
    ...themes.map((one) => ({ ...one, group: "Theme" })),
    { label: "Sign out", icon: "leave", testId: "sign-out", act: () => void signOut() },
  ];
  return (
    <Menu
      label={`Account of ${state.user.full_name}`}
      items={items}
      className="shell-person"
      testId="person-menu"
    >
      <Avatar name={state.user.full_name} picture={picture} />
    </Menu>
  );
}

/** Where one reads what one was told; not there for who has no account. */
function Bell() {
  const [path] = useLocation();
  const { count } = useUnread();
  if (count === null) return null;
  const badge = badgeOf(count);
  return (
    <Link
      href="/notifications"
      className="button button-quiet button-medium button-icon shell-bell"
      title="Notifications"
      aria-current={path.startsWith("/notifications") ? "page" : undefined}
      data-testid="bell"
    >
      <Icon name="bell" />
      <span className="visually-hidden">Notifications</span>
      {badge && (
        <span className="shell-count numbers" data-testid="unread-count">
          {badge}
          <span className="visually-hidden"> unread</span>
        </span>
      )}
    </Link>
  );
}

function SignInLink() {
  const [path] = useLocation();
  const { state } = useSession();
  if (
    state.phase !== "signed-out" ||
    ["/sign-in", "/register", "/setup", "/forgot", "/invitation"].includes(path)
  )
    return null;
  return (
    <ButtonLink href="/sign-in" size="small">
      Sign in
    </ButtonLink>
  );
}
