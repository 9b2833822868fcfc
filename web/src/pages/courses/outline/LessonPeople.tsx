/** Who was expected in a live lesson, and who is there. */
import { useCallback } from "react";
import type { Lesson, LessonPeople as People } from "../../../api/outline";
import { readFirst } from "../../../api/pages";
import { Badge } from "../../../design/Badge";
import { Notice } from "../../../design/Notice";
import { Loading } from "../../../design/Spinner";
import { plural } from "../../../format";
import { useLoaded } from "../../../hooks/useLoaded";
import { useApi } from "../../../session/Session";
import { useCourse } from "../useCourse";

const FRESH_MS = 10_000;
const MOST = 1000;

export function LessonPeople({ lesson }: { lesson: Lesson }) {
  const { course } = useCourse();
  const { outline } = useApi();
  const load = useCallback(
    async (signal: AbortSignal) => {
      const pages: People[] = [];
      const read = await readFirst(MOST, async (page) => {
        const answer = await outline.people(course.id, lesson.id, page, signal);
        pages.push(answer);
        return answer;
      });
      const here = new Set(read.items.filter(({ present }) => present).map(({ user_id }) => user_id));
      return { first: pages[0], people: read.items, here: here.size };
    },
    [outline, course.id, lesson.id],
  );
  const { data, error } = useLoaded(load, FRESH_MS);
  if (error) return <Notice tone="wrong">{error}</Notice>;
  if (!data?.first) return <Loading label="Looking who is there" />;
  const { first, people, here } = data;
  const enrolled = new Set(people.map(({ full_name }) => full_name));
  const guests = first.others.filter(({ full_name }) => !enrolled.has(full_name));
  return (
    <div className="form" data-testid="lesson-people-list">
      <p className="soft" role="status">
        {first.open
          ? `${here} of ${plural(people.length, "person", "people")} of the course ${here === 1 ? "is" : "are"} here.`
          : `Nobody is here now. ${plural(first.expected_count, "student is", "students are")} expected.`}
      </p>
      <ul className="list">
        {people
          .toSorted((a, b) => Number(b.present) - Number(a.present))
          .map(({ user_id, full_name, present }) => (
            <li key={user_id} className="list-row">
              <span className="list-row-words">{full_name}</span>
              {present ? <Badge tone="accent">Here</Badge> : <span className="list-row-facts">Not here</span>}
            </li>
          ))}
        {guests.map(({ participant_id, full_name, role }) => (
          <li key={participant_id} className="list-row">
            <span className="list-row-words">{full_name}</span>
            <Badge>{role === "guest" ? "Guest" : "Here, not enrolled"}</Badge>
          </li>
        ))}
      </ul>
    </div>
  );
}
