import type { ReportFormat } from "../../api/analytics";
import type { SchedulesApi } from "../../api/schedules";
import { zoneHere } from "../../format";

/** By whose clocks a report on paper tells times: those of the course, which are of its series of lessons;
 * where it has none, those of who saves it. */
export async function reportZone(
  schedules: Pick<SchedulesApi, "list">,
  course: string,
  format: ReportFormat,
): Promise<string | undefined> {
  if (format !== "pdf") return undefined;
  const { items } = await schedules.list(course, { limit: 1, cursor: undefined });
  return items.length > 0 ? undefined : zoneHere();
}
