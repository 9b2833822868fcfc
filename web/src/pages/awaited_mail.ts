/** Which mail somebody who may not enter yet is waiting for. */
import type { User } from "../api/accounts";
import { confirmsByMail, type ServerInfo } from "../api/server";

/** The address whose link would let this person in; null where an administrator decides. */
export const awaitedMail = (
  user: Pick<User, "email" | "approval_withdrawn"> | null | undefined,
  server: ServerInfo | null,
): string | null => (user && !user.approval_withdrawn && confirmsByMail(server) ? user.email : null);
