/** Who is here: the lobby on top, then hands in their order, then everybody. */
import { useState } from "react";
import { sentence } from "../../api/problem";
import { groupOf } from "../../class/parts/breakouts";
import { isStaff, type Person } from "../../class/parts/people";
import type { ClassState } from "../../class/state";
import { Button } from "../../design/Button";
import { Icon } from "../../design/Icon";
import { useToast } from "../../design/Toast";
import { useApi, useSession } from "../../session/Session";
import { copiedWords, copyText } from "../links";
import { LobbyList } from "./LobbyList";
import "./PeoplePanel.css";
import { PersonRow } from "./PersonRow";
import { useAct, useClass, useClassState } from "./useClass";

export function PeoplePanel() {
  const state = useClassState();
  const act = useAct();
  const { people, hands, may, media } = state;
  const sorted = [...people].sort((one, other) => place(state, one) - place(state, other));
  const others = media.some(
    (one) => one.source === "microphone" && !one.paused && !isStaffId(state, one.owner),
  );
  return (
    <div className="side-body side-stack">
      {may.moderate && state.lobby !== null && state.lobby.length > 0 && <LobbyList waiting={state.lobby} />}
      {may.moderate && (
        <div className="side-row">
          <Button
            size="small"
            icon="microphoneOff"
            disabled={!others}
            onClick={() => void act("mute-all")}
            data-testid="mute-all"
          >
            Mute all
          </Button>
          {hands !== null && (
            <Button
              size="small"
              icon="hand"
              disabled={hands.length === 0}
              onClick={() => void act("lower-all-hands")}
              data-testid="lower-all-hands"
            >
              Lower all hands
            </Button>
          )}
          {may.invite && <InviteButton />}
          <NetworkLink />
        </div>
      )}
      <section className="side-group">
        <h3>
          In the class <span className="numbers">({people.length})</span>
        </h3>
        <ul className="people-list" data-testid="class-people">
          {sorted.map((person) => (
            <PersonRow
              key={person.id}
              person={person}
              hand={(hands?.findIndex((one) => one.participantId === person.id) ?? -1) + 1}
              group={groupOf(state.breakouts, person.id)?.name ?? ""}
            />
          ))}
        </ul>
      </section>
    </div>
  );
}

const isStaffId = (state: ClassState, id: string) =>
  state.people.some((one) => one.id === id && isStaff(one.role));

/** Oneself, hands in their order, staff, all others. */
function place(state: ClassState, { id, role }: Person): number {
  if (id === state.me) return -2;
  const hand = state.hands?.findIndex((one) => one.participantId === id) ?? -1;
  if (hand >= 0) return -1 + (hand + 1) / 1_000_000;
  return isStaff(role) ? 1 : 2;
}

/** The figures of everybody's connection, beside the class; for who has an account. */
function NetworkLink() {
  const { room } = useClass();
  const { state } = useSession();
  if (state.phase !== "ready") return null;
  return (
    <a
      className="button button-plain button-small"
      href={`/rooms/${encodeURIComponent(room.slug)}/network`}
      target="_blank"
      rel="noreferrer"
      data-testid="network-link"
    >
      <Icon name="signal" size={16} />
      Network
      <span className="visually-hidden"> of the class, in a new tab</span>
    </a>
  );
}

/** Makes a guest's link and copies it. */
function InviteButton() {
  const { room } = useClass();
  const { rooms } = useApi();
  const toast = useToast();
  const [busy, setBusy] = useState(false);
  const invite = async () => {
    setBusy(true);
    try {
      const { url } = await rooms.invite(room.slug, "From the class");
      const copied = await copyText(url);
      const { text, well } = copiedWords(url, copied, "A guest's link, good for a day:");
      toast(
        copied ? text : `A guest's link, good for a day: ${url}`,
        well || !copied ? {} : { tone: "wrong" },
      );
    } catch (error) {
      toast(sentence(error), { tone: "wrong" });
    } finally {
      setBusy(false);
    }
  };
  return (
    <Button size="small" icon="link" busy={busy} onClick={() => void invite()} data-testid="invite">
      Invite guests
    </Button>
  );
}
