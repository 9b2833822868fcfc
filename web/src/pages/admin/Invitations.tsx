/** Who is invited and has not come yet. */
import { useCallback, useState } from "react";
import type { Invitation } from "../../api/invitations";
import { readFirst } from "../../api/pages";
import { Badge, type BadgeTone } from "../../design/Badge";
import { Button } from "../../design/Button";
import { Dialog, DialogActions } from "../../design/Dialog";
import { EmptyState } from "../../design/EmptyState";
import { CheckField } from "../../design/Field";
import { Notice } from "../../design/Notice";
import { Loading } from "../../design/Spinner";
import { useToast } from "../../design/Toast";
import { momentWithin } from "../../format";
import { useLoaded } from "../../hooks/useLoaded";
import { useTask } from "../../hooks/useTask";
import { useApi } from "../../session/Session";
import { ROLE_NAMES, roleOf } from "../people/roles";
import { AdminHead, AdminPage } from "./AdminPage";
import { Invite } from "./Invite";
import { InviteMany } from "./InviteMany";
import { LinkToPass } from "./LinkToPass";

const PAGE = 100;

export function Invitations() {
  return (
    <AdminPage title="Invitations" teachers>
      <InvitationList />
    </AdminPage>
  );
}

function InvitationList() {
  const { invitations } = useApi();
  const [count, setCount] = useState(PAGE);
  const load = useCallback(
    (signal: AbortSignal) => readFirst(count, ({ cursor }) => invitations.list(cursor, signal)),
    [invitations, count],
  );
  const { data, error, reload } = useLoaded(load);
  const [all, setAll] = useState(false);
  const shown = data?.items.filter((one) => all || isOpen(one));
  const [inviting, setInviting] = useState(false);
  const [pass, setPass] = useState<{ email: string; link: string } | null>(null);
  const [invitingMany, setInvitingMany] = useState(false);
  const invite = (
    <>
      <Button icon="users" onClick={() => setInvitingMany(true)} data-testid="invite-many">
        Invite many
      </Button>
      <Button tone="primary" icon="plus" onClick={() => setInviting(true)} data-testid="invite">
        Invite somebody
      </Button>
    </>
  );
  return (
    <div data-testid="invitations-page">
      <AdminHead title="Invitations" lead="People who are invited and have not made their account yet.">
        {shown && shown.length > 0 && invite}
      </AdminHead>
      {error && <Notice tone="wrong">{error}</Notice>}
      {!data && !error && <Loading label="Loading invitations" />}
      {data && (data.items.length > (shown?.length ?? 0) || all) && (
        <div className="filters">
          <CheckField
            label="Show those that are over, too"
            checked={all}
            onChange={(event) => setAll(event.target.checked)}
          />
        </div>
      )}
      {shown?.length === 0 && (
        <EmptyState icon="mail" title="No open invitations" action={invite}>
          Whoever you invite is in as soon as they have chosen a password, in the role that you give.
        </EmptyState>
      )}
      {shown && shown.length > 0 && (
        <ul className="list" data-testid="invitations">
          {shown.map((invitation) => (
            <Row
              key={invitation.invitation_id}
              invitation={invitation}
              onChange={reload}
              onLink={(link) => setPass({ email: invitation.email, link })}
            />
          ))}
        </ul>
      )}
      {data?.more && (
        <p className="list-more">
          <Button onClick={() => setCount(count + PAGE)}>Show more</Button>
        </p>
      )}
      <InviteMany open={invitingMany} onClose={() => setInvitingMany(false)} onDone={() => void reload()} />
      <Invite open={inviting} onClose={() => setInviting(false)} onDone={() => void reload()} />
      <Dialog title="A new link" open={pass !== null} onClose={() => setPass(null)}>
        {pass && (
          <>
            <p className="soft">This server sends no mail: pass this link on to {pass.email}.</p>
            <LinkToPass link={pass.link} />
            <DialogActions>
              <Button tone="primary" onClick={() => setPass(null)}>
                Done
              </Button>
            </DialogActions>
          </>
        )}
      </Dialog>
    </div>
  );
}

type Standing = "waiting" | "old" | "accepted" | "revoked";

const STANDINGS: Readonly<Record<Standing, [tone: BadgeTone, label: string]>> = {
  waiting: ["neutral", "Waiting"],
  old: ["warn", "Too old"],
  accepted: ["accent", "Has come"],
  revoked: ["neutral", "Taken back"],
};

function standingOf({ accepted_at, revoked_at, expires_at }: Invitation, now_ms: number): Standing {
  if (accepted_at) return "accepted";
  if (revoked_at) return "revoked";
  return Date.parse(expires_at) <= now_ms ? "old" : "waiting";
}

/** It can still be sent again or taken back. */
const isOpen = ({ accepted_at, revoked_at }: Invitation): boolean => !accepted_at && !revoked_at;

function when({ accepted_at, revoked_at, expires_at }: Invitation, standing: Standing): string {
  const words = { waiting: "good until", old: "ended", accepted: "came", revoked: "taken back" }[standing];
  return `${words} ${momentWithin(accepted_at ?? revoked_at ?? expires_at)}`;
}

function Row({
  invitation,
  onChange,
  onLink,
}: {
  invitation: Invitation;
  onChange: () => Promise<void>;
  onLink: (link: string) => void;
}) {
  const { invitations } = useApi();
  const toast = useToast();
  const task = useTask();
  const { invitation_id: id, email, full_name } = invitation;
  const standing = standingOf(invitation, Date.now());
  const role = ROLE_NAMES[roleOf({ role: invitation.role, watch_only: invitation.watch_only ?? false })];
  const resend = () =>
    void task.run(async () => {
      const { link } = await invitations.resend(id);
      if (link) onLink(link);
      else toast(`${email} gets a new link.`);
      await onChange();
    });
  const revoke = () =>
    void task.run(async () => {
      await invitations.revoke(id);
      await onChange();
    }, `The invitation of ${email} is not good any more.`);
  return (
    <li className="list-row" data-testid={`invitation-${email}`}>
      <div className="list-row-words">
        <strong>{full_name || email}</strong>
        <p className="list-row-facts">
          {full_name && `${email}, `}
          {role.toLowerCase()}, {when(invitation, standing)}
          {invitation.invited_by && `, by ${invitation.invited_by}`}
        </p>
      </div>
      <Badge tone={STANDINGS[standing][0]}>{STANDINGS[standing][1]}</Badge>
      {isOpen(invitation) && (
        <div className="list-row-actions">
          <Button size="small" busy={task.busy} aria-label={`Send again to ${email}`} onClick={resend}>
            Send again
          </Button>
          <Button
            size="small"
            tone="quiet"
            busy={task.busy}
            aria-label={`Take back the invitation of ${email}`}
            onClick={revoke}
            data-testid={`revoke-${email}`}
          >
            Take back
          </Button>
        </div>
      )}
    </li>
  );
}
