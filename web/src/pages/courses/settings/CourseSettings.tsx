/** All that is set of a course: what it is called, who may join, its lessons, its state, and its end. */
import { useCallback } from "react";
import { Card } from "../../../design/Card";
import { Notice } from "../../../design/Notice";
import { Loading } from "../../../design/Spinner";
import { isAdmin, useApi, useSession } from "../../../session/Session";
import { useCourse } from "../useCourse";
import { useEdited } from "../useEdit";
import { AttendanceSettings } from "./AttendanceSettings";
import { CopyCourse } from "./CopyCourse";
import { CourseQuota } from "./CourseQuota";
import { CourseTerm } from "./CourseTerm";
import { DeleteCourse } from "./DeleteCourse";
import { DetailsForm } from "./DetailsForm";
import { ExportCourse } from "./ExportCourse";
import "./Settings.css";

export function CourseSettings() {
  const { course, may, reload } = useCourse();
  const { state } = useSession();
  const { courses } = useApi();
  const load = useCallback((signal: AbortSignal) => courses.get(course.id, signal), [courses, course.id]);
  const { read, error, key, reload: again } = useEdited(load);
  const renew = async () => {
    await Promise.all([again(), reload()]);
  };
  return (
    <div className="course-settings" data-testid="course-settings">
      <Card>
        {error && <Notice tone="wrong">{error}</Notice>}
        {!read && !error && <Loading label="Loading the settings" />}
        {read && (
          <DetailsForm key={key} course={read.value} etag={read.etag} onDone={renew} onTheirs={renew} />
        )}
      </Card>
      <AttendanceSettings />
      <CourseQuota admin={isAdmin(state)} />
      <CourseTerm admin={isAdmin(state)} />
      <CopyCourse />
      <ExportCourse />
      {may("delete") && <DeleteCourse />}
    </div>
  );
}
