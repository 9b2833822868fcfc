/** Who takes part in a course, who waits for a place, and the ways in. */
import { useCallback, useState } from "react";
import type { RoleInCourse } from "../../../api/enrolments";
import { MAX_PAGE, readFirst } from "../../../api/pages";
import { Button, ButtonLink } from "../../../design/Button";
import { EmptyState } from "../../../design/EmptyState";
import { Notice } from "../../../design/Notice";
import { SearchInput } from "../../../design/SearchInput";
import { Loading } from "../../../design/Spinner";
import { plural } from "../../../format";
import { useLoaded } from "../../../hooks/useLoaded";
import { useSettled } from "../../../hooks/useSettled";
import { useApi } from "../../../session/Session";
import { ROLE_NAMES } from "../../people/roles";
import { useCourse } from "../useCourse";
import { EnrolDialog } from "./EnrolDialog";
import { EnrolmentRow } from "./EnrolmentRow";
import { GivenRoles } from "./GivenRoles";
import { WaysIn } from "./WaysIn";

const PAGE = 50;
const FRESH_MS = 20_000;
const LONG_FRESH_MS = 60_000;
export const COURSE_ROLES: readonly RoleInCourse[] = ["student", "assistant", "teacher"];

export function CoursePeople() {
  const { course, may, reload: reloadCourse } = useCourse();
  const { enrolments } = useApi();
  const [words, setWords] = useState("");
  const [role, setRole] = useState<RoleInCourse | "">("");
  const [enrolling, setEnrolling] = useState(false);
  const [given, setGiven] = useState(0);
  const q = useSettled(words.trim());
  const key = `${role} ${q}`;
  const [wanted, setWanted] = useState({ key, count: PAGE });
  const count = wanted.key === key ? wanted.count : PAGE;
  const load = useCallback(
    async (signal: AbortSignal) => {
      const read = (status: "active" | "waiting", most: number) =>
        readFirst(most, (page) =>
          enrolments.list(course.id, { status, q, role: role || undefined, ...page }, signal),
        );
      const [active, waiting] = await Promise.all([read("active", count), read("waiting", MAX_PAGE)]);
      return { active, waiting };
    },
    [enrolments, course.id, q, role, count],
  );
  const { data, error, reload } = useLoaded(load, count > MAX_PAGE ? LONG_FRESH_MS : FRESH_MS);
  const changed = async () => {
    await Promise.all([reload(), reloadCourse()]);
    setGiven((now) => now + 1);
  };
  const change = may("enrol") && course.status !== "archived";
  return (
    <div data-testid="course-people">
      <section className="course-part" aria-label="Who takes part">
        <div className="course-part-head">
          <h2>Who takes part</h2>
          {change && (
            <div className="course-tools-end">
              <ButtonLink href={`/courses/${course.id}/import`} icon="upload" testId="import-people">
                Import a list
              </ButtonLink>
              <Button tone="primary" icon="plus" onClick={() => setEnrolling(true)} data-testid="enrol">
                Enrol somebody
              </Button>
            </div>
          )}
        </div>
        <div className="filters">
          <search>
            <SearchInput
              label="Search people of this course"
              value={words}
              onChange={setWords}
              testId="enrolment-search"
            />
          </search>
          <div className="field">
            <select
              className="field-input field-select"
              aria-label="Role"
              value={role}
              onChange={(event) => setRole(event.target.value as RoleInCourse | "")}
              data-testid="enrolment-role"
            >
              <option value="">Every role</option>
              {COURSE_ROLES.map((one) => (
                <option key={one} value={one}>
                  {ROLE_NAMES[one]}
                </option>
              ))}
            </select>
          </div>
        </div>
        {error && <Notice tone="wrong">{error}</Notice>}
        {!data && !error && <Loading label="Loading people" />}
        {data?.active.items.length === 0 && (
          <EmptyState icon="users" title={q || role ? "Nobody found" : "Nobody takes part yet"}>
            {q || role
              ? "Nobody in this course matches."
              : "Enrol people by their address, import a list, or give the class a code or a link."}
          </EmptyState>
        )}
        {data && data.active.items.length > 0 && (
          <ul className="list" data-testid="enrolments">
            {data.active.items.map((one) => (
              <EnrolmentRow key={one.id} enrolment={one} change={change} onDone={changed} />
            ))}
          </ul>
        )}
        {data?.active.more && (
          <p className="list-more">
            <Button busy={data.active.asked < count} onClick={() => setWanted({ key, count: count + PAGE })}>
              Show more
            </Button>
          </p>
        )}
      </section>
      {data && data.waiting.items.length > 0 && (
        <section className="course-part" aria-label="Waiting list">
          <div className="course-part-head">
            <h2>Waiting list</h2>
            <p className="soft">
              {data.waiting.more
                ? `More than ${MAX_PAGE}`
                : plural(data.waiting.items.length, "person", "people")}
              . Who is first moves up as soon as there is a place.
            </p>
          </div>
          <ol className="list" data-testid="waiting">
            {data.waiting.items.map((one) => (
              <EnrolmentRow key={one.id} enrolment={one} change={change} onDone={changed} />
            ))}
          </ol>
        </section>
      )}
      {may("enrol") && <WaysIn change={change} />}
      {may("enrol") && <GivenRoles key={given} onDone={changed} />}
      <EnrolDialog open={enrolling} onClose={() => setEnrolling(false)} onDone={changed} />
    </div>
  );
}
