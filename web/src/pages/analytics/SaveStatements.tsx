/** What was watched in a course, as learning record stores take it: for its staff all of it, for a student their own. */
import type { StatementForm } from "../../api/analytics";
import { Button } from "../../design/Button";
import { useTask } from "../../hooks/useTask";
import { useApi } from "../../session/Session";
import { useCourse } from "../courses/useCourse";
import { saveFile } from "../save_file";

const FORMS: readonly (readonly [StatementForm, string])[] = [
  ["xapi", "Save as xAPI"],
  ["caliper", "Save as Caliper"],
];

export function SaveStatements({ note }: { note: string }) {
  return (
    <section className="analytics-part" aria-labelledby="statements-title" data-testid="statements">
      <div className="analytics-part-head">
        <h2 id="statements-title">What was watched, in full</h2>
        <span className="save-report">
          {FORMS.map(([form, words]) => (
            <Save key={form} form={form} words={words} />
          ))}
        </span>
      </div>
      <p className="soft analytics-note">{note}</p>
    </section>
  );
}

function Save({ form, words }: { form: StatementForm; words: string }) {
  const { course } = useCourse();
  const { analytics } = useApi();
  const task = useTask();
  const save = () =>
    void task.run(async () =>
      saveFile(await analytics.downloadStatements(course.id, form), `${form}-${course.id}.json`),
    );
  return (
    <Button icon="download" size="small" busy={task.busy} onClick={save} data-testid={`save-${form}`}>
      {words}
    </Button>
  );
}
