/** The report of a list of people in words. */
import type { EnrolledLine, EnrolmentReport } from "../../../api/enrolments";
import type { BadgeTone } from "../../../design/Badge";
import { plural } from "../../../format";

export const OUTCOMES: Readonly<
  Record<EnrolledLine["outcome"], [tone: BadgeTone, tried: string, done: string]>
> = {
  enrolled: ["accent", "In the course", "Enrolled"],
  waiting: ["warn", "On the waiting list", "On the waiting list"],
  exists: ["neutral", "In it already", "In it already"],
  no_account: ["warn", "No account", "No account"],
  full: ["warn", "No place", "No place"],
  invalid: ["warn", "Wrong", "Left out"],
};

export const isWrong = ({ outcome }: Pick<EnrolledLine, "outcome">): boolean =>
  outcome === "no_account" || outcome === "full" || outcome === "invalid";

function rest({ waiting, skipped, failed }: EnrolmentReport): string {
  return [
    waiting > 0 && `${waiting} on the waiting list`,
    skipped > 0 && `${plural(skipped, "is", "are")} in it already`,
    failed > 0 && `${plural(failed, "line is", "lines are")} left out`,
  ]
    .filter(Boolean)
    .join(", ");
}

const whole = (first: string, others: string) => (others ? `${first}; ${others}.` : `${first}.`);

export function reportWords(report: EnrolmentReport): string {
  const people = report.dry_run
    ? `${plural(report.enrolled, "person", "people")} would be enrolled`
    : `${plural(report.enrolled, "person was", "people were")} enrolled`;
  return whole(people, rest(report));
}
