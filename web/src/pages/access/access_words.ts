/** The log of access to a recording in words. */
import type { AccessAction, AccessEntry } from "../../api/recordings";
import { deviceName } from "../profile/device_name";

export const ACTIONS: Readonly<Record<AccessAction, string>> = {
  opened: "Watched",
  downloaded: "Downloaded",
  shared: "Made a link",
};

/** Who it was: an account, who came by a link, or somebody of whom nothing is known. */
export function whoOf({ user_id, user_name, link_id, link_title }: AccessEntry): string {
  if (user_name) return user_name;
  if (user_id) return "Somebody without a name";
  if (link_id) return link_title ? `By the link “${link_title}”` : "By a link";
  return "Somebody without an account";
}

/** What belongs to it: the link that was made, or what they watched with and from where. */
export function detailOf({ action, link_title, user_agent, ip_address }: AccessEntry): string {
  const link = action === "shared" && link_title ? `“${link_title}”` : null;
  return [link, user_agent ? deviceName(user_agent) : null, ip_address].filter(Boolean).join(" · ");
}

/** The first moment of a day as `<input type=date>` names it, so many days later; empty stays empty. */
export function dayStart(day: string, later = 0): string {
  const [year, month, date] = day.split("-").map(Number);
  if (!year || !month || !date) return "";
  return new Date(year, month - 1, date + later).toISOString();
}
