/** How a class goes: what the server has counted of everybody, with what is seen and heard of them at this moment. */
import type { LiveClass, LivePerson } from "../api/analytics";
import { type Connection, connectionOf } from "./parts/connections";
import { isStaff } from "./parts/people";
import type { Role } from "./protocol";
import type { ClassState } from "./state";

export type Standing = "here" | "late" | "gone" | "missing";

export interface Going {
  key: string;
  name: string;
  standing: Standing;
  told: LivePerson;
  /** Of the most that anybody but staff has talked: 0 to 1. */
  talkShare: number;
  camera: boolean;
  hand: boolean;
  connection: Connection | null;
}

export interface HowItGoes {
  people: readonly Going[];
  here: number;
  late: number;
  missing: number;
  hands: number;
  troubled: number;
}

type Now = Pick<ClassState, "people" | "media" | "hands" | "connections" | "breakouts" | "me">;

const ORDER: readonly Standing[] = ["missing", "gone", "late", "here"];

function standingOf(told: LivePerson, hereNow: boolean): Standing {
  if (hereNow) return told.late ? "late" : "here";
  return told.first_join ? "gone" : "missing";
}

const SAME_MS = 10_000;

/** Who of those in the class somebody is: an account on all its devices; a guest, whom nothing else tells from others of
 * their name, by when they came. */
function thereOf(one: LivePerson, people: Now["people"]): Now["people"] {
  if (one.user_id) return people.filter(({ userId }) => userId === one.user_id);
  const came = one.first_join ? new Date(one.first_join).getTime() : Number.NaN;
  const apart = ({ joinedAt }: { joinedAt: string }) => Math.abs(new Date(joinedAt).getTime() - came);
  return people
    .filter((who) => !who.userId && who.name === one.name && apart(who) < SAME_MS)
    .sort((who, other) => apart(who) - apart(other))
    .slice(0, 1);
}

/** Of who is not staff, those first who need a look: hands, then trouble, then who is not there. */
export function howItGoes(told: LiveClass, now: Now): HowItGoes {
  const counted = told.people.filter(({ role }) => !isStaff(role as Role));
  const most = Math.max(1, ...counted.map(({ talk_s }) => talk_s));
  const people = counted.map((one, index): Going => {
    const there = thereOf(one, now.people);
    const ids = new Set(there.map(({ id }) => id));
    return {
      key: one.user_id ?? `guest-${one.first_join ?? index}`,
      name: one.name,
      told: one,
      standing: standingOf(one, there.length > 0),
      talkShare: one.talk_s / most,
      camera: now.media.some(({ owner, source, paused }) => ids.has(owner) && source === "camera" && !paused),
      hand: now.hands?.some(({ participantId }) => ids.has(participantId)) ?? false,
      connection:
        there.map(({ id }) => connectionOf(now as ClassState, id)).find((bad) => bad !== null) ?? null,
    };
  });
  const are = (standing: Standing) => people.filter((one) => one.standing === standing).length;
  const rank = (one: Going) => (one.hand ? -2 : one.connection ? -1 : ORDER.indexOf(one.standing));
  return {
    people: people.sort((one, other) => rank(one) - rank(other) || one.name.localeCompare(other.name)),
    here: are("here") + are("late"),
    late: are("late"),
    missing: are("missing") + are("gone"),
    hands: people.filter(({ hand }) => hand).length,
    troubled: people.filter(({ connection }) => connection !== null).length,
  };
}
