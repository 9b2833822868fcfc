/** What the page says of a server: each part, how it is, and what to do where it is not well. */
import type { ServerState, Setting } from "../../api/overview";
import { bytes, day, duration, plural } from "../../format";

export type How = "good" | "note" | "wrong";

export interface Fact {
  name: string;
  value: string;
  how: How;
  /** What it means, where it is not simply well. */
  words?: string;
}

const DAY_MS = 86_400_000;
/** A backup that is older would lose a week of lessons. */
const OLD_BACKUP_MS = 7 * DAY_MS;
/** With so little more than what must be free, days are left. */
const LITTLE_ROOM = 5;

function checked(state: ServerState, check: string): Pick<Fact, "how" | "words"> {
  const said = state.checks[check];
  return said === undefined || said === "ok" ? { how: "good" } : { how: "wrong", words: said };
}

function diskOf(state: ServerState): Fact {
  const value =
    state.disk_total_bytes > 0
      ? `${bytes(state.disk_free_bytes)} free of ${bytes(state.disk_total_bytes)}`
      : "It cannot be read";
  const base = { name: "Disk of the data folder", value };
  const found = checked(state, "disk");
  if (found.how === "wrong") return { ...base, ...found };
  if (state.disk_free_bytes < LITTLE_ROOM * state.disk_needed_bytes)
    return {
      ...base,
      how: "note",
      words: "It fills up: nothing is recorded below the least that must be free.",
    };
  return { ...base, how: "good" };
}

function backupOf(state: ServerState, now_ms: number): Fact {
  const name = "Last backup";
  if (state.last_backup_at === null)
    return {
      name,
      value: "None known",
      how: "note",
      words: "None was made on this data folder: vtp admin backup.",
    };
  const isOld = now_ms - Date.parse(state.last_backup_at) > OLD_BACKUP_MS;
  const value = day(state.last_backup_at);
  return isOld
    ? { name, value, how: "wrong", words: "It is older than a week." }
    : { name, value, how: "good" };
}

/** What is counted in a database that does not answer: not none. */
const UNKNOWN = { value: "Not known", how: "note", words: "The database does not say." } as const;
const isCounted = (state: ServerState): boolean => checked(state, "database").how === "good";

function jobsOf(state: ServerState): Fact {
  const value = `${state.jobs_running} running, ${state.jobs_waiting} waiting, ${state.jobs_failed} failed`;
  const name = "Work on recordings";
  if (!isCounted(state)) return { name, ...UNKNOWN };
  if (state.jobs_failed === 0) return { name, value, how: "good" };
  return { name, value, how: "note", words: "The page of a recording says what failed, and tries again." };
}

function mailOf(state: ServerState): Fact {
  const name = "Mail";
  if (!state.mail)
    return {
      name,
      value: "None is sent",
      how: "note",
      words: "You pass on the links on the page Mails yourself.",
    };
  if (!isCounted(state)) return { name, ...UNKNOWN, value: state.mail };
  const value = `${state.mail}: ${state.mails_waiting} waiting, ${state.mails_failed} given up`;
  return state.mails_failed > 0
    ? { name, value, how: "note", words: "The page Mails says why." }
    : { name, value, how: "good" };
}

const TLS: Readonly<Record<string, string>> = {
  off: "Not by this server",
  auto: "A certificate of its own making",
  files: "A certificate from files",
  acme: "A certificate that is ordered and renewed",
};

function doorsOf(state: ServerState): string {
  const of = (protocol: string) =>
    [...new Set(state.media.filter((one) => one.protocol === protocol).map((one) => one.port))].join(", ");
  return ["udp", "tcp"].flatMap((one) => (of(one) ? [`${one.toUpperCase()} ${of(one)}`] : [])).join("; ");
}

function pagesOf(state: ServerState): Fact[] {
  const plain = state.tls === "off" && !state.public_url.startsWith("https://");
  return [
    {
      name: "Address for people",
      value: state.public_url || "Not set",
      ...(state.public_url
        ? { how: "good" }
        : { how: "note", words: "Links begin as each page was opened: set http.public_url." }),
    },
    {
      name: "Encryption of pages (TLS)",
      value: TLS[state.tls] ?? state.tls,
      ...(plain
        ? { how: "note", words: "Browsers give camera and microphone to https and localhost only." }
        : { how: "good" }),
    },
  ];
}

/** All that is told of the server, in the order of the page. */
export function factsOf(state: ServerState, now_ms: number): Fact[] {
  const up_s = Math.max(0, (now_ms - Date.parse(state.started_at)) / 1000);
  return [
    {
      name: "Server",
      value: `vtp ${state.version}, up for ${duration(up_s)}`,
      ...(state.draining
        ? { how: "note", words: "It is being ended: no class begins any more." }
        : { how: "good" }),
    },
    {
      name: "Classes now",
      value: plural(state.classes, "room with people", "rooms with people"),
      how: "good",
    },
    { name: "Database", value: state.database.replace(/^(\w+)\+\w+:/, "$1:"), ...checked(state, "database") },
    diskOf(state),
    { name: "Recordings", value: state.storage || `In ${state.data_folder}`, how: "good" },
    { name: "Sound and pictures", value: doorsOf(state) || "Nowhere", ...checked(state, "media") },
    {
      name: "Way around blocked networks (TURN)",
      value: state.turn.join(", ") || "None",
      ...(state.turn.length > 0
        ? { how: "good" }
        : { how: "note", words: "Where UDP is blocked, people come in by TCP or not at all." }),
    },
    ...pagesOf(state),
    mailOf(state),
    jobsOf(state),
    backupOf(state, now_ms),
  ];
}

/** How a setting is shown. */
export function shownValue({ secret, is_set, value }: Setting): string {
  if (secret) return is_set ? "Set, and not shown" : "Not set";
  return value === '""' || value === "[]" || value === "null" ? "—" : value.replace(/^"(.*)"$/s, "$1");
}

/** Where it comes from, in words. */
export const originOf = ({ origin }: Setting): string => origin || "built in";

/** The settings that have all of these words in name, value or origin. */
export function found(settings: readonly Setting[], words: string): Setting[] {
  const wanted = words.toLowerCase().split(/\s+/).filter(Boolean);
  return settings.filter((one) => {
    const text = `${one.name} ${shownValue(one)} ${originOf(one)}`.toLowerCase();
    return wanted.every((word) => text.includes(word));
  });
}
