/** How a mail stands, and the links in its words. */
import type { Mail } from "../../api/mails";

/** `kept`: the server sends no mail, somebody passes it on. `over`: its links are not good any more. */
export type MailState = "sent" | "waiting" | "failing" | "failed" | "kept" | "over";

export function stateOfMail(
  mail: Pick<Mail, "sent_at" | "failed_at" | "attempts" | "has_body">,
  sends: boolean,
): MailState {
  if (mail.sent_at !== null) return "sent";
  if (!mail.has_body) return "over";
  if (!sends) return "kept";
  if (mail.failed_at !== null) return "failed";
  return mail.attempts > 0 ? "failing" : "waiting";
}

export function linksIn(text: string): string[] {
  return [...new Set(text.match(/https?:\/\/[^\s<>"]+/g) ?? [])];
}
