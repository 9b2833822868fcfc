/** Roles and states of accounts in words, and what an administrator is asked to decide. */
import type { Role } from "../../api/accounts";
import type { Person, RoleWord } from "../../api/people";
import type { BadgeTone } from "../../design/Badge";

export const ROLE_NAMES: Readonly<Record<RoleWord, string>> = {
  admin: "Administrator",
  teacher: "Teacher",
  assistant: "Assistant",
  student: "Student",
  viewer: "Viewer",
  guest: "Guest",
};

/** What an administrator can choose; nobody is made a guest. */
export const ROLES: readonly RoleWord[] = ["student", "viewer", "assistant", "teacher", "admin"];

/** What somebody may give others by an invitation; the server decides in the end. */
export const rolesToGive = (admin: boolean): readonly RoleWord[] =>
  admin ? ROLES : ROLES.filter((role) => role !== "teacher" && role !== "admin");

/** The role a person has now. */
export function roleOf({ role, watch_only }: Pick<Person, "role" | "watch_only">): RoleWord {
  return role === "student" && watch_only ? "viewer" : role;
}

/** The role proposed for somebody who waits: the one asked for. Only a deliberate choice makes an administrator. */
export function proposedRole(person: Pick<Person, "role" | "watch_only" | "requested_role">): RoleWord {
  const { requested_role } = person;
  return requested_role === null || requested_role === "admin" ? roleOf(person) : requested_role;
}

export const WITH_ARTICLE: Readonly<Record<Role, string>> = {
  admin: "an administrator",
  teacher: "a teacher",
  assistant: "an assistant",
  student: "a student",
  guest: "a guest",
};

export interface PersonState {
  name: "waiting" | "asking" | "approved" | "closed";
  label: string;
  tone: BadgeTone;
}

export function stateOf(person: Pick<Person, "verified" | "requested_role" | "disabled_at">): PersonState {
  const { requested_role } = person;
  if (person.disabled_at !== null) return { name: "closed", label: "Closed", tone: "neutral" };
  if (!person.verified) return { name: "waiting", label: "Waits for approval", tone: "warn" };
  if (requested_role !== null)
    return { name: "asking", label: `Asks to be ${WITH_ARTICLE[requested_role]}`, tone: "warn" };
  return { name: "approved", label: "Approved", tone: "accent" };
}

/** What a new account asked for, when it is more than to be let in. */
export function wishOf({ requested_role }: Pick<Person, "requested_role">): string | null {
  return requested_role && `asks to be ${WITH_ARTICLE[requested_role]}`;
}

/** A change that is asked about first. */
export interface Question {
  title: string;
  words: string;
  /** What the button that goes on says. */
  yes: string;
  danger: boolean;
}

/** What to ask before somebody's role is changed; null when nothing needs asking. */
export function questionBefore(person: Person, role: RoleWord, isMe: boolean): Question | null {
  if (role === "admin" && person.role !== "admin") {
    return {
      title: `Make ${person.full_name} an administrator?`,
      words: "Administrators approve people, change every role, and can delete every room and recording.",
      yes: "Make administrator",
      danger: false,
    };
  }
  if (isMe && role !== "admin") {
    return {
      title: "Give up being an administrator?",
      words: "You will not see this page any more. Only another administrator can undo this.",
      yes: "Give it up",
      danger: true,
    };
  }
  return null;
}

export function questionBeforeClosing(person: Person): Question {
  return {
    title: `Close the account of ${person.full_name}?`,
    words: "They are signed out everywhere and cannot sign in until you open the account again.",
    yes: "Close account",
    danger: true,
  };
}

/** Who loses a second factor without knowing learns of it in one of two ways. */
export const resetFactorWords = (byMail: boolean): string =>
  `Do this only when you are sure who asks. Their password alone lets in then; ${
    byMail ? "they are told by mail." : "this server sends no mail, so tell them yourself."
  }`;
