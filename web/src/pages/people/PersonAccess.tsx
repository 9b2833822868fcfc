/** How somebody gets in: approved or closed, password, second factor. */
import { useState } from "react";
import type { Person, PersonChange } from "../../api/people";
import { Button } from "../../design/Button";
import { Dialog, DialogActions } from "../../design/Dialog";
import { useToast } from "../../design/Toast";
import { useTask } from "../../hooks/useTask";
import { serverOf, useApi, useSession } from "../../session/Session";
import { Row } from "../profile/SigningIn";
import { Section } from "./PersonPage";
import {
  proposedRole,
  type Question,
  questionBeforeClosing,
  ROLE_NAMES,
  resetFactorWords,
  stateOf,
} from "./roles";

interface Props {
  person: Person;
  isMe: boolean;
  onChange: (change: PersonChange) => Promise<void>;
  onDone: () => Promise<void>;
}

interface Asked extends Question {
  act: () => Promise<unknown>;
  done: string;
}

export function PersonAccess({ person, isMe, onChange, onDone }: Props) {
  const { people } = useApi();
  const { state } = useSession();
  const toast = useToast();
  const task = useTask();
  const [asked, setAsked] = useState<Asked | null>(null);
  const name = person.full_name;
  const byMail = serverOf(state)?.mail !== false;
  const sendReset = () =>
    void task.run(async () => {
      const answer = await people.sendReset(person.user_id);
      toast(answer?.message ?? (byMail ? "The link was sent." : "The link is under Mails: pass it on."));
    });
  const resetFactor: Asked = {
    title: `Take the second factor off ${name}?`,
    words: resetFactorWords(byMail),
    yes: "Take it off",
    danger: true,
    done: `${name} signs in with the password alone now.`,
    act: async () => {
      await people.resetFactor(person.user_id);
      await onDone();
    },
  };
  const confirm = async (wish: Asked) => {
    setAsked(null);
    await task.run(wish.act, wish.done);
  };
  return (
    <Section title="Account">
      <div className="profile-rows">
        <Standing
          person={person}
          isMe={isMe}
          busy={task.busy}
          onAsk={setAsked}
          onChange={onChange}
          run={task.run}
        />
        <Row
          name="Password"
          state={person.has_password === false ? "None so far" : "Set"}
          action={
            <Button size="small" busy={task.busy} onClick={sendReset} data-testid="send-reset-link">
              {byMail ? "Send a link to choose one" : "Make a link to choose one"}
            </Button>
          }
        />
        <Row
          name="Second factor"
          state={person.totp_enabled ? "On" : "Off"}
          action={
            person.totp_enabled && (
              <Button
                size="small"
                busy={task.busy}
                onClick={() => setAsked(resetFactor)}
                data-testid="reset-factor"
              >
                Take off
              </Button>
            )
          }
        />
      </div>
      <Dialog title={asked?.title ?? ""} open={asked !== null} onClose={() => setAsked(null)}>
        <p className="soft">{asked?.words}</p>
        <DialogActions>
          <Button onClick={() => setAsked(null)}>Cancel</Button>
          <Button
            tone={asked?.danger ? "danger" : "primary"}
            onClick={() => asked && void confirm(asked)}
            data-testid="confirm-change"
          >
            {asked?.yes}
          </Button>
        </DialogActions>
      </Dialog>
    </Section>
  );
}

function Standing({
  person,
  isMe,
  busy,
  onAsk,
  onChange,
  run,
}: {
  person: Person;
  isMe: boolean;
  busy: boolean;
  onAsk: (asked: Asked) => void;
  onChange: (change: PersonChange) => Promise<void>;
  run: (work: () => Promise<unknown>, done?: string) => Promise<boolean>;
}) {
  const { name: state, label } = stateOf(person);
  const name = person.full_name;
  const role = proposedRole(person);
  const approve = () => void run(() => onChange({ approved: true, role }), `${name} may enter now.`);
  const open = () => void run(() => onChange({ disabled: false }), `The account of ${name} is open again.`);
  const close: Asked = {
    ...questionBeforeClosing(person),
    done: `The account of ${name} is closed.`,
    act: () => onChange({ disabled: true }),
  };
  return (
    <Row
      name="Entry"
      state={label}
      action={
        <div className="button-row">
          {(state === "waiting" || state === "asking") && (
            <Button size="small" tone="primary" busy={busy} onClick={approve} data-testid="approve">
              Approve as {ROLE_NAMES[role].toLowerCase()}
            </Button>
          )}
          {state === "closed" && (
            <Button size="small" busy={busy} onClick={open} data-testid="open-account">
              Open again
            </Button>
          )}
          {state !== "closed" && !isMe && (
            <Button size="small" busy={busy} onClick={() => onAsk(close)} data-testid="close-account">
              Close account
            </Button>
          )}
        </div>
      }
    />
  );
}
