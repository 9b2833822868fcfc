import type { ReportName } from "../../api/analytics";
import { Button } from "../../design/Button";
import { useTask } from "../../hooks/useTask";
import { useApi } from "../../session/Session";
import { useCourse } from "../courses/useCourse";
import { saveFile } from "../save_file";

/** A report of the course, as the server writes it. */
export function SaveReport({ name }: { name: ReportName }) {
  const { course } = useCourse();
  const { analytics } = useApi();
  const task = useTask();
  const save = () =>
    void task.run(async () => saveFile(await analytics.downloadReport(name, course.id), `${name}.csv`));
  return (
    <Button icon="download" size="small" busy={task.busy} onClick={save} data-testid={`save-${name}`}>
      Save as CSV
    </Button>
  );
}
