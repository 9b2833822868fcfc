/** The frame of the pages for administrators: who may see them, and the way from one to the others. */
import type { ReactNode, Ref } from "react";
import { useLocation } from "wouter";
import { ADMIN_PLACES, AppShell } from "../../design/AppShell";
import { ButtonLink } from "../../design/Button";
import { EmptyState } from "../../design/EmptyState";
import { PlaceTabs } from "../../design/PlaceTabs";
import { useTitle } from "../../hooks/useTitle";
import { isAdmin, mayTeach, useSession } from "../../session/Session";
import "../../design/Lists.css";
import "./AdminPage.css";

interface AdminPageProps {
  title: string;
  /** Teachers may see it too. */
  teachers?: boolean;
  children: ReactNode;
}

export function AdminPage({ title, teachers = false, children }: AdminPageProps) {
  useTitle(title);
  const { state } = useSession();
  const admin = isAdmin(state);
  const allowed = admin || (teachers && mayTeach(state) && state.phase === "ready" && state.user !== null);
  return (
    <AppShell>
      {admin && <AdminPlaces />}
      {allowed ? children : <NotForYou />}
    </AppShell>
  );
}

function AdminPlaces() {
  const [path] = useLocation();
  return (
    <PlaceTabs
      label="Administration"
      tabs={ADMIN_PLACES.map(({ href, label, icon }) => ({
        href,
        label,
        icon,
        current: path === href ? "page" : path.startsWith(`${href}/`) ? "true" : undefined,
        testId: `admin${href.replace("/", "-")}`,
      }))}
    />
  );
}

function NotForYou() {
  return (
    <div data-testid="people-forbidden">
      <EmptyState
        page
        icon="users"
        title="Only administrators see this page"
        action={<ButtonLink href="/">Home</ButtonLink>}
      >
        Here administrators look after people and their accounts. Your account is not one of theirs.
      </EmptyState>
    </div>
  );
}

/** The heading of such a page, with what can be done there at its right. */
export function AdminHead({
  title,
  lead,
  heading,
  children,
}: {
  title: string;
  lead?: ReactNode;
  heading?: Ref<HTMLHeadingElement>;
  children?: ReactNode;
}) {
  return (
    <div className="page-head">
      <div className="page-head-words">
        <h1 ref={heading} tabIndex={-1}>
          {title}
        </h1>
        {lead && <p className="soft">{lead}</p>}
      </div>
      {children && <div className="admin-tools">{children}</div>}
    </div>
  );
}
