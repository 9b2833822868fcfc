/** Everything that is neither the door nor the class: on the way in, in the lobby, and after the end. */
import { useEffect, useRef } from "react";
import type { Room } from "../../api/rooms";
import type { Phase } from "../../class/phase";
import { AppShell } from "../../design/AppShell";
import { Button, ButtonLink } from "../../design/Button";
import { EmptyState } from "../../design/EmptyState";
import type { IconName } from "../../design/Icon";
import { Spinner } from "../../design/Spinner";
import { useSession } from "../../session/Session";
import "./Outcome.css";
import { Picture } from "./Picture";
import { useClass, useOwnMedia } from "./useClass";

type Rest = Exclude<Phase, { name: "in" } | { name: "door" }>;

export function Outcome({ room, phase }: { room: Room; phase: Phase }) {
  const rest = phase as Rest;
  const words = useRef<HTMLDivElement>(null);
  // What was focused is gone with the class: who cannot see it hears what has come of it.
  // biome-ignore lint/correctness/useExhaustiveDependencies: once for every outcome
  useEffect(() => words.current?.focus(), [rest.name]);
  return (
    <AppShell>
      <div ref={words} tabIndex={-1} className="outcome" data-testid="outcome" data-phase={rest.name}>
        {rest.name === "connecting" && <Connecting room={room} />}
        {rest.name === "waiting" && <InLobby room={room} />}
        {rest.name !== "connecting" && rest.name !== "waiting" && <Ended room={room} phase={rest} />}
      </div>
    </AppShell>
  );
}

function Connecting({ room }: { room: Room }) {
  const { session } = useClass();
  return (
    <div className="outcome-wait" role="status">
      <Spinner size={30} />
      <h2>Connecting to {room.name}</h2>
      <Button tone="quiet" onClick={() => session.leave()}>
        Cancel
      </Button>
    </div>
  );
}

function InLobby({ room }: { room: Room }) {
  const { session } = useClass();
  const { camera } = useOwnMedia();
  return (
    <div className="outcome-wait" role="status">
      {camera && (
        <div className="outcome-preview">
          <Picture track={camera} mirrored label="You" />
        </div>
      )}
      <span className="outcome-dots" aria-hidden="true">
        <i />
        <i />
        <i />
      </span>
      <h2>You are in the lobby of {room.name}</h2>
      <p className="soft">
        The teacher sees that you are waiting. You come in by yourself as soon as you are let in.
      </p>
      <Button onClick={() => session.leave()} data-testid="stop-waiting">
        Leave
      </Button>
    </div>
  );
}

const TITLES: Readonly<Record<string, readonly [IconName, string]>> = {
  denied: ["door", "You were not let in"],
  removed: ["leave", "You were removed from the class"],
  ended: ["door", "The class has ended"],
  left: ["leave", "You have left the class"],
  failed: ["warning", "You are not in the class"],
};

const REFUSED_FOR_GOOD = new Set([
  "banned",
  "no_such_room",
  "token_expired",
  "token_revoked",
  "token_invalid",
]);

function Ended({ room, phase }: { room: Room; phase: Exclude<Rest, { name: "connecting" | "waiting" }> }) {
  const { session } = useClass();
  const { state } = useSession();
  const [icon, title] = TITLES[phase.name] ?? ["door", ""];
  const banned = phase.name === "removed" && phase.banned;
  const final = banned || (phase.name === "failed" && REFUSED_FOR_GOOD.has(phase.code));
  const again = phase.name === "denied" ? "Ask again" : phase.name === "failed" ? "Try again" : "Join again";
  return (
    <EmptyState
      icon={icon}
      title={title}
      action={
        <>
          {!final && (
            <Button
              tone="primary"
              onClick={() => session.phase.set({ name: "door" })}
              data-testid="join-again"
            >
              {again}
            </Button>
          )}
          {state.phase === "ready" && (
            <ButtonLink href={homeOf(room).href} tone={final ? "plain" : "quiet"}>
              {homeOf(room).label}
            </ButtonLink>
          )}
        </>
      }
    >
      {words(phase, room)}
    </EmptyState>
  );
}

/** What the server says when staff gave no reason: the title above says that already. */
const NO_REASON = new Set([
  "You were removed from the room.",
  "You were not let in.",
  "The class was ended.",
]);

/** Where one goes from a class: a lesson's people to its course. */
export const homeOf = ({ course_id }: Pick<Room, "course_id">) =>
  course_id
    ? { href: `/courses/${course_id}`, label: "To the course", name: "Course" }
    : { href: "/rooms", label: "To the rooms", name: "Rooms" };

/** Why, when that was said, and what one can do now. */
export function words(phase: Rest, room: Pick<Room, "name">): string {
  switch (phase.name) {
    case "removed":
      return phase.banned
        ? why(phase.reason, "You cannot come back until staff lift the ban.")
        : why(phase.reason, "You can come back, if you are let in.");
    case "denied":
      return why(phase.reason, "You can ask again.");
    case "ended":
      // A room that was deleted, or a server that is gone, does not stay.
      return NO_REASON.has(phase.reason)
        ? `${room.name} stays: join again when the next class begins.`
        : asSentence(phase.reason);
    case "failed":
      return phase.message;
    default:
      return `${room.name} goes on without you. You can come back at any time.`;
  }
}

const why = (reason: string, now: string) =>
  [!NO_REASON.has(reason) && asSentence(reason), now].filter(Boolean).join(" ");

const asSentence = (text: string) => (text && !/[.!?…]$/.test(text) ? `${text}.` : text);
