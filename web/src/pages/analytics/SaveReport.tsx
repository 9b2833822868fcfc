import type { ReportFormat, ReportName } from "../../api/analytics";
import { Button } from "../../design/Button";
import { useTask } from "../../hooks/useTask";
import { useApi } from "../../session/Session";
import { useCourse } from "../courses/useCourse";
import { saveFile } from "../save_file";
import { reportZone } from "./report_zone";

/** A report of the course, as the server writes it: for a spreadsheet, or to print. */
export function SaveReport({ name, what = "Save" }: { name: ReportName; what?: string }) {
  return (
    <span className="save-report">
      <Save name={name} what={what} format="csv" />
      <Save name={name} what={what} format="pdf" />
    </span>
  );
}

function Save({ name, what, format }: { name: ReportName; what: string; format: ReportFormat }) {
  const { course } = useCourse();
  const { analytics, schedules } = useApi();
  const task = useTask();
  const save = () =>
    void task.run(async () => {
      const zone = await reportZone(schedules, course.id, format);
      saveFile(await analytics.downloadReport(name, course.id, format, zone), `${name}.${format}`);
    });
  return (
    <Button
      icon="download"
      size="small"
      busy={task.busy}
      onClick={save}
      data-testid={format === "csv" ? `save-${name}` : `save-${name}-${format}`}
    >
      {what} as {format.toUpperCase()}
    </Button>
  );
}
