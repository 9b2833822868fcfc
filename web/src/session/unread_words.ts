/** What is said, once, when there is more to read; nothing when there is less, or at first. */
export function spokenOf(before: number | null, now: number | null): string {
  if (before === null || now === null || now <= before) return "";
  return now - before === 1
    ? `A new notification. ${now} unread.`
    : `${now - before} new notifications. ${now} unread.`;
}
