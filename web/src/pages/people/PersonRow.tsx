/** One person: who it is, how things stand, and what an administrator can decide. */
import { useState } from "react";
import { Link } from "wouter";
import type { Person, PersonChange, RoleWord } from "../../api/people";
import { Avatar } from "../../design/Avatar";
import { Badge } from "../../design/Badge";
import { Button } from "../../design/Button";
import { Icon } from "../../design/Icon";
import { Menu } from "../../design/Menu";
import { day } from "../../format";
import { usePicture } from "../../hooks/usePicture";
import {
  proposedRole,
  type Question,
  questionBefore,
  questionBeforeClosing,
  ROLE_NAMES,
  ROLES,
  roleOf,
  stateOf,
  wishOf,
} from "./roles";

interface Props {
  person: Person;
  isMe: boolean;
  busy: boolean;
  /** Sends a change, asking first when there is a question; `done` is the sentence that tells of it. */
  onChange: (person: Person, change: PersonChange, done: string, question: Question | null) => void;
}

export function PersonRow({ person, isMe, busy, onChange }: Props) {
  const state = stateOf(person);
  const undecided = state.name === "waiting" || state.name === "asking";
  const wish = state.name === "waiting" ? wishOf(person) : null;
  const picture = usePicture(person.picture_url);
  return (
    <li
      className="person"
      data-testid={`person-${person.email}`}
      data-state={state.name}
      aria-busy={busy || undefined}
    >
      <Avatar name={person.full_name} picture={picture} />
      <div className="person-words">
        <p className="person-name">
          <Link href={`/people/${person.user_id}`} data-testid={`open-${person.email}`}>
            {person.full_name}
          </Link>
          {isMe && <span className="person-me">You</span>}
        </p>
        <p className="person-facts">{person.email}</p>
        <p className="person-facts">
          Since {day(person.created_at)}
          {wish && `, ${wish}`}
        </p>
      </div>
      <span className="person-state">
        <Badge tone={state.tone}>{state.label}</Badge>
      </span>
      {undecided ? (
        <Decision person={person} isMe={isMe} busy={busy} onChange={onChange} />
      ) : (
        <RoleChoice person={person} isMe={isMe} busy={busy} onChange={onChange} />
      )}
      <div className="person-more">
        {!isMe && <More person={person} isMe={isMe} busy={busy} onChange={onChange} />}
      </div>
    </li>
  );
}

/** Approving somebody in a role, which is the one they asked for unless another is chosen. */
function Decision({ person, isMe, busy, onChange }: Props) {
  const [chosen, setChosen] = useState<RoleWord | null>(null);
  const role = chosen ?? proposedRole(person);
  const approve = () =>
    onChange(
      person,
      { approved: true, role },
      `${person.full_name} may enter now.`,
      questionBefore(person, role, isMe),
    );
  return (
    <div className="person-decide">
      <RoleSelect person={person} role={role} onChoose={setChosen} />
      <Button
        tone="primary"
        busy={busy}
        onClick={approve}
        aria-label={`Approve ${person.full_name}`}
        data-testid={`approve-${person.email}`}
      >
        Approve
      </Button>
    </div>
  );
}

function RoleChoice({ person, isMe, busy, onChange }: Props) {
  const choose = (role: RoleWord) => {
    if (busy || role === roleOf(person)) return;
    const done = `${person.full_name}: ${ROLE_NAMES[role].toLowerCase()} from now on.`;
    onChange(person, { role }, done, questionBefore(person, role, isMe));
  };
  return (
    <div className="person-decide">
      <RoleSelect person={person} role={roleOf(person)} onChoose={choose} />
    </div>
  );
}

function RoleSelect({
  person,
  role,
  onChoose,
}: {
  person: Person;
  role: RoleWord;
  onChoose: (role: RoleWord) => void;
}) {
  const choices = ROLES.includes(role) ? ROLES : [role, ...ROLES];
  return (
    <select
      className="field-input field-select"
      aria-label={`Role of ${person.full_name}`}
      value={role}
      onChange={(event) => onChoose(event.target.value as RoleWord)}
      data-testid={`role-${person.email}`}
    >
      {choices.map((word) => (
        <option key={word} value={word}>
          {ROLE_NAMES[word]}
        </option>
      ))}
    </select>
  );
}

function More({ person, onChange }: Props) {
  const closed = person.disabled_at !== null;
  const item = closed
    ? {
        label: "Open account again",
        icon: "retry" as const,
        act: () =>
          onChange(person, { disabled: false }, `The account of ${person.full_name} is open again.`, null),
      }
    : {
        label: "Close account",
        icon: "close" as const,
        danger: true,
        act: () =>
          onChange(
            person,
            { disabled: true },
            `The account of ${person.full_name} is closed.`,
            questionBeforeClosing(person),
          ),
      };
  return (
    <Menu
      label={`More for ${person.full_name}`}
      items={[item]}
      className="button button-quiet button-icon"
      testId={`more-${person.email}`}
    >
      <Icon name="more" size={18} />
    </Menu>
  );
}
