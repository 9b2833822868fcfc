/** One person, for administrators: who they are, how their account stands, where they are signed in, their data. */
import { useCallback, useState } from "react";
import { Link, useLocation } from "wouter";
import type { Person, PersonChange } from "../../api/people";
import { Avatar } from "../../design/Avatar";
import { Badge } from "../../design/Badge";
import { Button, ButtonLink } from "../../design/Button";
import { Card } from "../../design/Card";
import { EmptyState } from "../../design/EmptyState";
import { Icon } from "../../design/Icon";
import { Notice } from "../../design/Notice";
import { Loading } from "../../design/Spinner";
import { day } from "../../format";
import { useLoaded } from "../../hooks/useLoaded";
import { usePicture } from "../../hooks/usePicture";
import { isOwn, useApi, useSession } from "../../session/Session";
import { useWaiting } from "../../session/Waiting";
import { AdminPage } from "../admin/AdminPage";
import "../profile/Profile.css";
import "./People.css";
import { PersonAccess } from "./PersonAccess";
import { PersonData } from "./PersonData";
import { PersonDetails } from "./PersonDetails";
import { PersonDevices } from "./PersonDevices";
import { stateOf } from "./roles";

export function PersonPage({ id }: { id: string }) {
  return (
    <AdminPage title="Person">
      <p className="back-line">
        <Link href="/people" className="back-link">
          <Icon name="back" size={16} />
          People
        </Link>
      </p>
      <Whole id={id} />
    </AdminPage>
  );
}

function Whole({ id }: { id: string }) {
  const { people, accounts } = useApi();
  const { state, setUser } = useSession();
  const { reload: recount } = useWaiting();
  const [, go] = useLocation();
  const load = useCallback((signal: AbortSignal) => people.get(id, signal), [people, id]);
  const { data, error, missing, reload } = useLoaded(load);
  const [version, setVersion] = useState(0);
  if (missing) {
    return (
      <EmptyState
        page
        icon="users"
        title="Nobody is here"
        action={<ButtonLink href="/people">To the people</ButtonLink>}
      >
        This account was erased, or the link is not complete.
      </EmptyState>
    );
  }
  if (!data) {
    const again = <Button onClick={() => void reload()}>Try again</Button>;
    return error ? (
      <Notice tone="wrong" action={again}>
        {error}
      </Notice>
    ) : (
      <Loading label="Loading the person" />
    );
  }
  const { person, etag } = data;
  const isMe = isOwn(state, person.user_id);
  const renew = async () => {
    await Promise.all([reload(), recount()]);
    setVersion((now) => now + 1);
    if (isMe) setUser(await accounts.profile());
  };
  const change = async (wish: PersonChange, checked = false) => {
    await people.change(person.user_id, wish, checked ? etag : null);
    await renew();
  };
  return (
    <div className="profile person-page" data-testid="person-page">
      <Head person={person} isMe={isMe} />
      <div className="profile-column">
        <PersonDetails key={`details ${etag ?? version}`} person={person} isMe={isMe} onChange={change} />
        <PersonAccess person={person} isMe={isMe} onChange={change} onDone={renew} />
      </div>
      <div className="profile-column">
        <PersonDevices key={`devices ${version}`} person={person} />
        <PersonData person={person} isMe={isMe} onErased={() => void recount().then(() => go("/people"))} />
      </div>
    </div>
  );
}

function Head({ person, isMe }: { person: Person; isMe: boolean }) {
  const picture = usePicture(person.picture_url);
  const state = stateOf(person);
  return (
    <header className="profile-head">
      <Avatar name={person.full_name} size="large" picture={picture} />
      <div>
        <h1>{person.full_name}</h1>
        <p className="profile-facts">
          <span className="profile-email">{person.email}</span>
          <span className="person-state-badge" data-testid="person-state" data-state={state.name}>
            <Badge tone={state.tone}>{state.label}</Badge>
          </span>
          {isMe && <Badge>You</Badge>}
          <span>Since {day(person.created_at)}</span>
        </p>
      </div>
    </header>
  );
}

export function Section({ title, children }: { title: string; children: React.ReactNode }) {
  return (
    <Card>
      <div className="form">
        <h2>{title}</h2>
        {children}
      </div>
    </Card>
  );
}
