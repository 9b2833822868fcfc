import type { ReportFormat, ReportName } from "../../api/analytics";
import { Button } from "../../design/Button";
import { useTask } from "../../hooks/useTask";
import { useApi } from "../../session/Session";
import { useCourse } from "../courses/useCourse";
import { saveFile } from "../save_file";
import { reportZone } from "./report_zone";

/** A report of the course, as the server writes it: for a spreadsheet, or to print. */
export function SaveReport({ name }: { name: ReportName }) {
  return (
    <span className="save-report">
      <Save name={name} format="csv" />
      <Save name={name} format="pdf" />
    </span>
  );
}

function Save({ name, format }: { name: ReportName; format: ReportFormat }) {
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
      Save as {format.toUpperCase()}
    </Button>
  );
}
