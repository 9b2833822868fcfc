/** How long the recordings of a course are kept; administrators set it. */
import { useMemo } from "react";
import { Card } from "../../../design/Card";
import { useToast } from "../../../design/Toast";
import { useApi } from "../../../session/Session";
import { TermForm } from "../../TermForm";
import { useCourse } from "../useCourse";

export function CourseTerm({ admin }: { admin: boolean }) {
  const { course } = useCourse();
  const { courses } = useApi();
  const toast = useToast();
  const of = useMemo(
    () => ({
      usual: "As long as their rooms, or the server, keep them",
      unless: "Where the room in which one was made says otherwise, that holds.",
      read: (signal: AbortSignal) => courses.term(course.id, signal),
      set: (days: number | null) => courses.setTerm(course.id, days),
    }),
    [courses, course.id],
  );
  return (
    <Card>
      <section className="form" data-testid="course-term">
        <h2>How long recordings are kept</h2>
        <TermForm of={of} admin={admin} onSet={() => toast("Saved.")} />
      </section>
    </Card>
  );
}
