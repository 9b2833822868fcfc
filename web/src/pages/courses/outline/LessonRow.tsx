import { useLocation } from "wouter";
import type { FiledRecording } from "../../../api/course_recordings";
import type { CourseStatus } from "../../../api/courses";
import type { Lesson, LessonKind } from "../../../api/outline";
import { Badge } from "../../../design/Badge";
import { ButtonLink } from "../../../design/Button";
import { Icon, type IconName } from "../../../design/Icon";
import { Menu, type MenuItem } from "../../../design/Menu";
import { useNow } from "../../../hooks/useNow";
import { useCourse } from "../useCourse";
import type { LessonActs } from "./LessonList";
import { hiddenWhy, mayEnter, type Phase, phaseOf, whenOf } from "./lesson_state";

export const KINDS: Readonly<Record<LessonKind, { label: string; icon: IconName }>> = {
  live: { label: "Live lesson", icon: "camera" },
  recording: { label: "Recording", icon: "film" },
  material: { label: "Material", icon: "book" },
  assignment: { label: "Assignment", icon: "edit" },
};

/** Where what belongs to a lesson is. */
const WORK_TABS: Partial<Record<LessonKind, string>> = { material: "materials", assignment: "assignments" };

export function LessonRow({
  lesson,
  recordings,
  acts,
}: {
  lesson: Lesson;
  recordings: readonly FiledRecording[];
  acts: LessonActs;
}) {
  const { course, staff } = useCourse();
  const now_ms = useNow(15_000);
  const phase = lesson.kind === "live" ? phaseOf(lesson, course, now_ms) : null;
  const hidden = hiddenWhy(lesson, now_ms);
  const on = phase === "on" || phase === "grace";
  const look = `lesson ${on ? "lesson-on" : ""} ${phase === "over" ? "lesson-over" : ""} ${phase === "cancelled" ? "lesson-cancelled" : ""}`;
  return (
    <li className={look} data-of={lesson.id} data-testid={`lesson-${lesson.title}`}>
      <span className="lesson-sign" aria-hidden="true">
        <Icon name={KINDS[lesson.kind].icon} />
      </span>
      <div>
        <h3 className="lesson-title">{lesson.title}</h3>
        <p className="lesson-facts">
          <span>{phase === null ? KINDS[lesson.kind].label : whenOf(lesson) || "At any time"}</span>
          {phase && <PhaseBadge phase={phase} />}
          {hidden && <Badge tone="warn">{hidden}</Badge>}
        </p>
        {lesson.description && <p className="outline-about">{lesson.description}</p>}
      </div>
      <div className="lesson-ways">
        {recordings.map(({ recording_id, lecture_title, published }) => (
          <ButtonLink key={recording_id} href={`/recordings/${recording_id}`} size="small" icon="play">
            Watch
            <span className={recordings.length > 1 ? "lesson-watch" : "visually-hidden"}>
              {" "}
              {lecture_title}
            </span>
            {!published && " (unpublished)"}
          </ButtonLink>
        ))}
        <WayToWork lesson={lesson} />
        {phase && lesson.room_id && <EnterLesson lesson={lesson} phase={phase} />}
      </div>
      {staff && (
        <div className="lesson-more">
          <LessonMenu lesson={lesson} acts={acts} />
        </div>
      )}
    </li>
  );
}

/** A lesson that is a material or an assignment leads to what belongs to it. */
function WayToWork({ lesson }: { lesson: Lesson }) {
  const { course } = useCourse();
  const tab = WORK_TABS[lesson.kind];
  if (!tab) return null;
  return (
    <ButtonLink
      href={`/courses/${course.id}/${tab}?lesson=${lesson.id}`}
      size="small"
      icon={KINDS[lesson.kind].icon}
      testId={`open-${lesson.title}`}
    >
      Open<span className="visually-hidden"> {lesson.title}</span>
    </ButtonLink>
  );
}

function PhaseBadge({ phase }: { phase: Phase }) {
  if (phase === "cancelled") return <Badge>Cancelled</Badge>;
  if (phase === "on" || phase === "grace") {
    return (
      <Badge tone="live" pulse>
        Now
      </Badge>
    );
  }
  return phase === "open" ? <Badge tone="accent">Open</Badge> : null;
}

/** Whether its room can be gone into at all; a draft's by staff alone. */
const isHeld = (status: CourseStatus, staff: boolean): boolean =>
  status === "active" || (staff && status !== "archived");

const classOf = ({ room_id }: Pick<Lesson, "room_id">): string => `/rooms/${room_id}/class`;

/** The way into a live lesson, while its door is open to the class. */
export function EnterLesson({ lesson, phase }: { lesson: Lesson; phase: Phase }) {
  const { course, staff } = useCourse();
  if (!isHeld(course.status, staff) || !mayEnter(phase, false)) return null;
  return (
    <ButtonLink
      href={classOf(lesson)}
      size="small"
      icon="users"
      tone="primary"
      testId={`enter-${lesson.title}`}
    >
      Join<span className="visually-hidden"> {lesson.title}</span>
    </ButtonLink>
  );
}

function LessonMenu({ lesson, acts }: { lesson: Lesson; acts: LessonActs }) {
  const { course } = useCourse();
  const [, go] = useLocation();
  const move = acts.onMove;
  const live: MenuItem[] =
    lesson.kind !== "live"
      ? []
      : [
          // Staff come when they like: before the class, to prepare, and after it.
          ...(isHeld(course.status, true) && !lesson.cancelled
            ? [{ label: "Go into its room", icon: "door", act: () => go(classOf(lesson)) } as const]
            : []),
          {
            label: "Who is there",
            icon: "users",
            testId: "lesson-people",
            act: () => acts.onAsk({ ask: "people", lesson }),
          },
          {
            label: "Attendance",
            icon: "list",
            testId: "lesson-attendance",
            act: () => go(`/courses/${course.id}/attendance?lesson=${lesson.id}`),
          },
          lesson.cancelled
            ? {
                label: "It takes place after all",
                icon: "retry",
                act: () => acts.onAsk({ ask: "uncancel", lesson }),
              }
            : {
                label: "Cancel this lesson",
                icon: "close",
                testId: "cancel-lesson",
                act: () => acts.onAsk({ ask: "cancel", lesson }),
              },
        ];
  return (
    <Menu
      label={`More for ${lesson.title}`}
      className="button button-quiet button-small button-icon"
      testId={`lesson-menu-${lesson.title}`}
      items={[
        { label: "Edit", icon: "edit", testId: "edit-lesson", act: () => acts.onEdit(lesson.id) },
        ...(move
          ? [
              { label: "Move up", testId: "lesson-up", act: () => move(lesson.id, lesson.title, -1) },
              { label: "Move down", testId: "lesson-down", act: () => move(lesson.id, lesson.title, 1) },
            ]
          : []),
        ...live,
        {
          label: "Delete",
          icon: "trash",
          danger: true,
          testId: "delete-lesson",
          act: () => acts.onAsk({ ask: "delete", lesson }),
        },
      ]}
    >
      <Icon name="more" size={18} />
    </Menu>
  );
}
