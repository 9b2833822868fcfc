/** Which address shows which page, and who may see it. */
import { lazy, type ReactNode, Suspense, useState } from "react";
import { Redirect, Route, Switch, useLocation } from "wouter";
import { useLeftEvents } from "./analytics/useEvents";
import { AppShell } from "./design/AppShell";
import { Button, ButtonLink } from "./design/Button";
import { EmptyState } from "./design/EmptyState";
import { Loading } from "./design/Spinner";
import { AwaitsApproval } from "./pages/Approval";
import { Accept } from "./pages/entrance/Accept";
import { Forgot } from "./pages/entrance/Forgot";
import { Register } from "./pages/entrance/Register";
import { Reset } from "./pages/entrance/Reset";
import { Setup } from "./pages/entrance/Setup";
import { SignIn } from "./pages/entrance/SignIn";
import { Verify } from "./pages/entrance/Verify";
import { FactorMissing } from "./pages/FactorMissing";
import { Home } from "./pages/home/Home";
import { Rooms } from "./pages/rooms/Rooms";
import { courseLinkToken } from "./session/course_link";
import { guestToken, shareToken } from "./session/guest";
import { awaitsApproval, useSession } from "./session/Session";

const Studio = lazy(() => import("./pages/studio/Studio").then((page) => ({ default: page.Studio })));
const Watch = lazy(() => import("./pages/watch/Watch").then((page) => ({ default: page.Watch })));
const Class = lazy(() => import("./pages/class/Class").then((page) => ({ default: page.Class })));
const Recordings = lazy(() =>
  import("./pages/recordings/Recordings").then((page) => ({ default: page.Recordings })),
);
const Trash = lazy(() => import("./pages/recordings/Trash").then((page) => ({ default: page.Trash })));
const Player = lazy(() => import("./pages/player/Player").then((page) => ({ default: page.Player })));
const SharedPlayer = lazy(() =>
  import("./pages/player/Player").then((page) => ({ default: page.SharedPlayer })),
);
const Courses = lazy(() => import("./pages/courses/Courses").then((page) => ({ default: page.Courses })));
const CoursePage = lazy(() =>
  import("./pages/courses/CoursePage").then((page) => ({ default: page.CoursePage })),
);
const Join = lazy(() => import("./pages/courses/Join").then((page) => ({ default: page.Join })));
const Access = lazy(() => import("./pages/access/Access").then((page) => ({ default: page.Access })));
const RecordingAnalytics = lazy(() =>
  import("./pages/analytics/RecordingAnalytics").then((page) => ({ default: page.RecordingAnalytics })),
);
const People = lazy(() => import("./pages/people/People").then((page) => ({ default: page.People })));
const PersonPage = lazy(() =>
  import("./pages/people/PersonPage").then((page) => ({ default: page.PersonPage })),
);
const Import = lazy(() => import("./pages/people/Import").then((page) => ({ default: page.Import })));
const Invitations = lazy(() =>
  import("./pages/admin/Invitations").then((page) => ({ default: page.Invitations })),
);
const Audit = lazy(() => import("./pages/admin/Audit").then((page) => ({ default: page.Audit })));
const Mails = lazy(() => import("./pages/admin/Mails").then((page) => ({ default: page.Mails })));
const Server = lazy(() => import("./pages/admin/Server").then((page) => ({ default: page.Server })));
const Usage = lazy(() => import("./pages/admin/Usage").then((page) => ({ default: page.Usage })));
const Notifications = lazy(() =>
  import("./pages/notifications/Notifications").then((page) => ({ default: page.Notifications })),
);
const NotificationSettings = lazy(() =>
  import("./pages/notifications/NotificationSettings").then((page) => ({
    default: page.NotificationSettings,
  })),
);
const Check = lazy(() => import("./pages/check/Check").then((page) => ({ default: page.Check })));
const Network = lazy(() => import("./pages/network/Network").then((page) => ({ default: page.Network })));
const Profile = lazy(() => import("./pages/profile/Profile").then((page) => ({ default: page.Profile })));

export function App() {
  const { state, reload } = useSession();
  useLeftEvents();
  if (state.phase === "loading") return <Loading label="Starting" />;
  if (state.phase === "unreachable") {
    return (
      <AppShell>
        <EmptyState
          page
          icon="warning"
          title="The server does not answer"
          action={
            <Button icon="retry" onClick={() => void reload()}>
              Try again
            </Button>
          }
        >
          {state.message}
        </EmptyState>
      </AppShell>
    );
  }
  return (
    <Suspense fallback={<Loading />}>
      <Switch>
        <Route path="/setup" component={Setup} />
        <Route path="/sign-in" component={SignIn} />
        <Route path="/register" component={Register} />
        <Route path="/verify" component={Verify} />
        <Route path="/forgot" component={Forgot} />
        <Route path="/reset" component={Reset} />
        <Route path="/invitation" component={Accept} />
        <Route path="/check" component={Check} />
        <Route path="/">
          {
            <Inside>
              <Home />
            </Inside>
          }
        </Route>
        <Route path="/rooms">
          {
            <Inside>
              <Rooms />
            </Inside>
          }
        </Route>
        <Route path="/rooms/:slug/studio">
          {({ slug }) => (
            <Inside approved>
              <Studio slug={slug} />
            </Inside>
          )}
        </Route>
        <Route path="/rooms/:slug/watch">
          {({ slug }) => (
            <Inside approved>
              <Watch slug={slug} />
            </Inside>
          )}
        </Route>
        <Route path="/rooms/:slug/network">
          {({ slug }) => (
            <Inside approved>
              <Network slug={slug} />
            </Inside>
          )}
        </Route>
        <Route path="/rooms/:slug/class">{({ slug }) => <ClassOf slug={slug} />}</Route>
        <Route path="/rooms/:slug">
          {({ slug }) => <Redirect to={`/rooms/${slug}/${guestToken(slug) ? "class" : "watch"}`} replace />}
        </Route>
        <Route path="/recordings">
          {
            <Inside approved>
              <Recordings />
            </Inside>
          }
        </Route>
        <Route path="/recordings/trash">
          {
            <Inside approved>
              <Trash />
            </Inside>
          }
        </Route>
        <Route path="/recordings/:id">{({ id }) => <RecordingOf key={id} id={id} />}</Route>
        <Route path="/recordings/:id/access">
          {({ id }) => (
            <Inside approved>
              <Access key={id} id={id} />
            </Inside>
          )}
        </Route>
        <Route path="/recordings/:id/analytics">
          {({ id }) => (
            <Inside approved>
              <RecordingAnalytics key={id} id={id} />
            </Inside>
          )}
        </Route>
        <Route path="/courses">
          {
            <Inside approved>
              <Courses />
            </Inside>
          }
        </Route>
        <Route path="/courses/join">{<JoinCourse />}</Route>
        <Route path="/courses/:id/:tab?">
          {({ id, tab }) => (
            <Inside approved>
              <CoursePage key={id} id={id} tab={tab ?? ""} />
            </Inside>
          )}
        </Route>
        <Route path="/people">
          {
            <Inside>
              <People />
            </Inside>
          }
        </Route>
        <Route path="/people/import">
          {
            <Inside>
              <Import />
            </Inside>
          }
        </Route>
        <Route path="/people/:id">
          {({ id }) => (
            <Inside>
              <PersonPage key={id} id={id} />
            </Inside>
          )}
        </Route>
        <Route path="/invitations">
          {
            <Inside>
              <Invitations />
            </Inside>
          }
        </Route>
        <Route path="/audit">
          {
            <Inside>
              <Audit />
            </Inside>
          }
        </Route>
        <Route path="/mails">
          {
            <Inside>
              <Mails />
            </Inside>
          }
        </Route>
        <Route path="/usage">
          {
            <Inside>
              <Usage />
            </Inside>
          }
        </Route>
        <Route path="/server">
          {
            <Inside>
              <Server />
            </Inside>
          }
        </Route>
        <Route path="/notifications">
          {
            <Inside approved>
              <Notifications />
            </Inside>
          }
        </Route>
        <Route path="/notifications/settings">
          {
            <Inside approved>
              <NotificationSettings />
            </Inside>
          }
        </Route>
        <Route path="/profile">
          {
            <Inside>
              <Profile />
            </Inside>
          }
        </Route>
        <Route>{<NotFound />}</Route>
      </Switch>
    </Suspense>
  );
}

/** A class is open to people with an account, and to those who came by a guest's link. */
function ClassOf({ slug }: { slug: string }) {
  const { state } = useSession();
  const guest = guestToken(slug);
  const hasAccount = state.phase === "ready" && state.user !== null;
  if (guest !== null && !hasAccount) return <Class slug={slug} guest={guest} />;
  return (
    <Inside approved>
      <Class slug={slug} guest={null} />
    </Inside>
  );
}

/** The token of a link is kept before anything else is shown, so that signing in does not lose it. */
function JoinCourse() {
  const [token] = useState(courseLinkToken);
  return (
    <Inside approved>
      <Join token={token} />
    </Inside>
  );
}

/** A recording is open to people with an account, to those who came by a link, and to all where it is public. */
function RecordingOf({ id }: { id: string }) {
  const { state } = useSession();
  const token = shareToken(id);
  const isIn = state.phase === "ready" && !(token !== null && awaitsApproval(state));
  if (!isIn) return <SharedPlayer id={id} token={token} />;
  return (
    <Inside approved>
      <Player id={id} />
    </Inside>
  );
}

/**
 * Sends who is not signed in to the door, and back here afterwards. With `approved`, who still waits for an
 * administrator is told so in place of the page.
 */
function Inside({ children, approved = false }: { children: ReactNode; approved?: boolean }) {
  const { state, factorMissing } = useSession();
  const [path] = useLocation();
  if (factorMissing && path !== "/profile") return <FactorMissing />;
  if (state.phase === "ready") return approved && awaitsApproval(state) ? <AwaitsApproval /> : children;
  const next = path === "/" ? "" : `?next=${encodeURIComponent(path)}`;
  return <Redirect to={`/sign-in${next}`} replace />;
}

function NotFound() {
  return (
    <AppShell>
      <EmptyState
        page
        icon="search"
        title="There is no such page"
        action={<ButtonLink href="/">Home</ButtonLink>}
      >
        The link may be old or not complete.
      </EmptyState>
    </AppShell>
  );
}
