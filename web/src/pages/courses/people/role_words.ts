/** What is asked before a role is taken from somebody. */
import type { GivenRole } from "../../../api/enrolments";

/** What becomes of somebody without the role; `limited`: the course has so many places only. */
export function withoutRole({ role, watch_only }: Pick<GivenRole, "role" | "watch_only">, limited: boolean) {
  const enrolled = "Who is enrolled besides stays as they are enrolled.";
  if (role !== "student" || watch_only) {
    return `Who takes part by this role alone leaves the course and its lessons at once. ${enrolled}`;
  }
  const place = limited ? " Their place goes to who is first on the waiting list." : "";
  return `Who is a student by this role alone leaves the course, its lessons, rosters and grades at once.${place} ${enrolled}`;
}
