/** Notifications and their settings in words, and what of a form was changed. */
import type { ChangeChoices, Choices, MailChoice, Notification } from "../../api/notifications";
import { wallTime } from "../../format";

export const MAIL_CHOICES: readonly MailChoice[] = ["at_once", "daily", "none"];
export const MAIL_WORDS: Readonly<Record<MailChoice, string>> = {
  at_once: "At once",
  daily: "Once a day",
  none: "No mail",
};

/** A page of this server; null for none, and for what would lead elsewhere. An announcement is on a tab of its course. */
export function linkOf({ kind, link }: Pick<Notification, "kind" | "link">): string | null {
  if (!/^\/(?![/\\])/.test(link)) return null;
  return kind === "announcement" && /^\/courses\/[^/]+$/.test(link) ? `${link}/announcements` : link;
}

/** In one line: "Exam (PHY-101, Optics)". */
export const toldIn = ({ title, context }: Pick<Notification, "title" | "context">): string =>
  context ? `${title} (${context})` : title;

/** A full hour as the language writes it: "07:00", "7:00 AM". */
export const hourOf = (hour: number, locale?: string): string =>
  wallTime(`${String(hour).padStart(2, "0")}:00`, locale);

/**
 * What is to be sent of a form. Only what differs: somebody who has chosen nothing follows the defaults on, and what
 * was changed elsewhere meanwhile stays. A default that is chosen again is no choice any more.
 */
export function changeOf(now: Choices, values: Readonly<Record<string, string>>): ChangeChoices {
  const kinds: Record<string, MailChoice | null> = {};
  for (const { kind, mail, default: usual } of now.kinds) {
    const wanted = MAIL_CHOICES.find((one) => one === values[`kind-${kind}`]);
    if (wanted !== undefined && wanted !== mail) kinds[kind] = wanted === usual ? null : wanted;
  }
  const hour = Number(values.digest_hour ?? now.digest_hour);
  const zone = values.time_zone ?? now.time_zone;
  return {
    ...(Object.keys(kinds).length > 0 && { kinds }),
    ...(hour !== now.digest_hour && { digest_hour: hour }),
    ...(zone !== now.time_zone && { time_zone: zone }),
  };
}
