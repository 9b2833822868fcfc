/** The lessons of a course in their order, and the ways into those that are live. */
import { useRef, useState } from "react";
import type { Order } from "../../../api/outline";
import { Button } from "../../../design/Button";
import { EmptyState } from "../../../design/EmptyState";
import { Notice } from "../../../design/Notice";
import { SearchInput } from "../../../design/SearchInput";
import { Loading } from "../../../design/Spinner";
import { useToast } from "../../../design/Toast";
import { useTask } from "../../../hooks/useTask";
import { useApi } from "../../../session/Session";
import { useCourse } from "../useCourse";
import { LessonDialog } from "./LessonDialog";
import { LessonList } from "./LessonList";
import "./Outline.css";
import { countOf, matching, movedLesson, movedSection, orderOf } from "./order";
import { type Asked, Questions } from "./Questions";
import { SectionDialog } from "./SectionDialog";
import { SectionHead } from "./SectionHead";
import { useOutline } from "./useOutline";

/** What is being made (null) or edited (by its id). */
type Open =
  | { what: "section"; id: string | null }
  | { what: "lesson"; id: string | null; section: string | null };

const KEPT_MS = 2000;
/** Fewer are seen at a glance. */
const WORTH_SEARCHING = 10;

/** Brings back the focus that the page loses with the place of what had it, in whichever frame that is drawn. */
function keepFocus(find: () => HTMLElement | null | undefined, until = performance.now() + KEPT_MS) {
  if (document.activeElement === document.body) find()?.focus();
  if (performance.now() < until) requestAnimationFrame(() => keepFocus(find, until));
}

export function Outline() {
  const { course, staff } = useCourse();
  const { outline } = useApi();
  const { data, error, reload } = useOutline(course.id);
  const [open, setOpen] = useState<Open | null>(null);
  const [asked, setAsked] = useState<Asked | null>(null);
  const [words, setWords] = useState("");
  const toast = useToast();
  const task = useTask();
  const list = useRef<HTMLDivElement>(null);
  const newLesson = (section: string | null) => setOpen({ what: "lesson", id: null, section });

  /** Sends another order; what was moved keeps the focus, which is lost with its place in the page. */
  const move = (id: string, name: string, next: (order: Order) => Order | null) => {
    const order = data && next(orderOf(data));
    if (!order) return void toast(`“${name}” is at the end already.`);
    void task.run(async () => {
      await outline.order(course.id, order);
      await reload();
      keepFocus(() => list.current?.querySelector<HTMLElement>(`[data-of="${id}"] [aria-haspopup=menu]`));
    }, `“${name}” was moved.`);
  };
  const searches = data !== null && (countOf(data) > WORTH_SEARCHING || words !== "");
  const shown = data && matching(data, searches ? words : "");
  const whole = shown === data;
  const acts = {
    onEdit: (id: string) => setOpen({ what: "lesson", id, section: null }),
    onMove: whole
      ? (id: string, name: string, step: -1 | 1) => move(id, name, (order) => movedLesson(order, id, step))
      : null,
    onAsk: setAsked,
  };
  const closed = () => setOpen(null);
  /** What was made is seen, whatever was looked for. */
  const done = () => {
    if (open?.id === null) setWords("");
    return reload();
  };
  return (
    <div>
      {course.description && <p className="course-text">{course.description}</p>}
      {data && !data.empty && (staff || searches) && (
        <div className="course-tools">
          {searches && (
            <SearchInput label="Search lessons" value={words} onChange={setWords} testId="lesson-search" />
          )}
          {staff && (
            <div className="course-tools-end">
              <Button
                icon="plus"
                onClick={() => setOpen({ what: "section", id: null })}
                data-testid="new-section"
              >
                New section
              </Button>
              <Button tone="primary" icon="plus" onClick={() => newLesson(null)} data-testid="new-lesson">
                New lesson
              </Button>
            </div>
          )}
        </div>
      )}
      {error && <Notice tone="wrong">{error}</Notice>}
      {!data && !error && <Loading label="Loading the lessons" />}
      {data?.empty && (
        <EmptyState
          icon="list"
          title="No lessons yet"
          action={
            staff && (
              <>
                <Button tone="primary" icon="plus" onClick={() => newLesson(null)} data-testid="new-lesson">
                  New lesson
                </Button>
                <Button
                  icon="plus"
                  onClick={() => setOpen({ what: "section", id: null })}
                  data-testid="new-section"
                >
                  New section
                </Button>
              </>
            )
          }
        >
          {staff
            ? "Make single lessons here, or a series of live ones under Schedule. Sections put them in order."
            : "They appear here as soon as the teacher shows them."}
        </EmptyState>
      )}
      {shown && !data.empty && countOf(shown) + shown.sections.length === 0 && words.trim() && (
        <EmptyState icon="search" title="No lesson matches">
          Words of titles, or of what is written below those of lessons, are looked for.
        </EmptyState>
      )}
      {shown && !data.empty && (
        <div className="outline" ref={list} data-testid="outline">
          {shown.loose.length > 0 && (
            <LessonList
              label="Lessons in no section"
              lessons={shown.loose}
              recordings={data.recordings}
              acts={acts}
            />
          )}
          {shown.sections.map(({ section, lessons }) => (
            <section key={section.id} aria-label={section.title} data-testid={`section-${section.title}`}>
              <SectionHead
                section={section}
                onEdit={() => setOpen({ what: "section", id: section.id })}
                onMove={
                  whole
                    ? (step) =>
                        move(section.id, section.title, (order) => movedSection(order, section.id, step))
                    : null
                }
                onAdd={() => newLesson(section.id)}
                onAsk={setAsked}
              />
              {lessons.length > 0 ? (
                <LessonList
                  label={`Lessons of ${section.title}`}
                  lessons={lessons}
                  recordings={data.recordings}
                  acts={acts}
                />
              ) : (
                <p className="outline-none">Nothing in this section yet.</p>
              )}
            </section>
          ))}
        </div>
      )}
      <SectionDialog
        open={open?.what === "section"}
        id={open?.what === "section" ? open.id : null}
        onClose={closed}
        onDone={done}
      />
      <LessonDialog
        open={open?.what === "lesson"}
        id={open?.what === "lesson" ? open.id : null}
        section={open?.what === "lesson" ? open.section : null}
        sections={data?.sections.map(({ section }) => section) ?? []}
        onClose={closed}
        onDone={done}
      />
      <Questions asked={asked} onClose={() => setAsked(null)} onDone={reload} />
    </div>
  );
}
