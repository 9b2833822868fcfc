/** The whole course as one file, which the browser fetches by itself. */
import { useCallback, useState } from "react";
import { Button } from "../../../design/Button";
import { Card } from "../../../design/Card";
import { CheckField } from "../../../design/Field";
import { bytes, plural } from "../../../format";
import { useLoaded } from "../../../hooks/useLoaded";
import { useTask } from "../../../hooks/useTask";
import { useApi } from "../../../session/Session";
import { fetchFrom } from "../../save_file";
import { useCourse } from "../useCourse";

export function ExportCourse() {
  const { course } = useCourse();
  const { courses } = useApi();
  const task = useTask();
  const [recordings, setRecordings] = useState(false);
  const load = useCallback((signal: AbortSignal) => courses.usage(course.id, signal), [courses, course.id]);
  const { data } = useLoaded(load);
  const save = () =>
    void task.run(
      async () => fetchFrom((await courses.exportLink(course.id, recordings)).url),
      "The download begins.",
    );
  return (
    <Card>
      <div className="form" data-testid="export-course">
        <h2>For another school</h2>
        <p className="soft">
          One file with everything that was made for this course, with its dates. Another server of this kind
          makes a course of it, under Courses, Import. Nobody&rsquo;s work, answers or grades are in it.
        </p>
        {course.recording_count > 0 && (
          <CheckField
            label="With its recordings"
            hint={`${plural(course.recording_count, "recording", "recordings")}${data ? `, up to ${bytes(data.used_bytes)}` : ""}. Who is seen or heard in them is in the file.`}
            checked={recordings}
            onChange={(event) => setRecordings(event.target.checked)}
            data-testid="export-recordings"
          />
        )}
        <p>
          <Button icon="download" busy={task.busy} onClick={save} data-testid="export-download">
            Export the course
          </Button>
        </p>
      </div>
    </Card>
  );
}
