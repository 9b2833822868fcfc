/** What is asked before something is taken from an outline, and who is in a lesson. */
import type { Lesson, Section } from "../../../api/outline";
import { Button } from "../../../design/Button";
import { Dialog, DialogActions } from "../../../design/Dialog";
import { useTask } from "../../../hooks/useTask";
import { useApi } from "../../../session/Session";
import { TOLD_BY_MAIL } from "../schedule/mails";
import { useCourse } from "../useCourse";
import { LessonPeople } from "./LessonPeople";

export type Asked =
  | { ask: "delete" | "cancel" | "uncancel" | "people"; lesson: Lesson }
  | { ask: "delete-section"; section: Section };

interface Words {
  title: string;
  words: string;
  yes: string;
  done: string;
}

function wordsOf(asked: Exclude<Asked, { ask: "people" }>, mails: boolean): Words {
  const told = mails ? TOLD_BY_MAIL : "";
  if (asked.ask === "delete-section") {
    return {
      title: "Delete this section?",
      words: `“${asked.section.title}” will be gone. Its lessons stay in the course.`,
      yes: "Delete section",
      done: `“${asked.section.title}” was deleted.`,
    };
  }
  const { title, kind, starts_at } = asked.lesson;
  if (asked.ask === "cancel") {
    return {
      title: "Cancel this lesson?",
      words: `“${title}” stays in the list as cancelled, and who is in it now is sent out.${told}`,
      yes: "Cancel the lesson",
      done: `“${title}” is cancelled.`,
    };
  }
  if (asked.ask === "uncancel") {
    return {
      title: "Does it take place after all?",
      words: `“${title}” is held as it was planned.${told}`,
      yes: "It takes place",
      done: `“${title}” takes place.`,
    };
  }
  return {
    title: "Delete this lesson?",
    words:
      kind === "live"
        ? `“${title}” will be gone, and its room with it. What was recorded in it stays.${starts_at ? told : ""}`
        : `“${title}” will be gone.`,
    yes: "Delete lesson",
    done: `“${title}” was deleted.`,
  };
}

export function Questions({
  asked,
  onClose,
  onDone,
}: {
  asked: Asked | null;
  onClose: () => void;
  onDone: () => Promise<void>;
}) {
  const { course } = useCourse();
  const { outline } = useApi();
  const task = useTask();
  if (asked?.ask === "people") {
    return (
      <Dialog title={`In “${asked.lesson.title}”`} open onClose={onClose}>
        <LessonPeople lesson={asked.lesson} />
      </Dialog>
    );
  }
  const words = asked && wordsOf(asked, course.mail_lessons && course.status === "active");
  const go = async () => {
    if (!asked || !words) return;
    await task.run(async () => {
      if (asked.ask === "delete-section") await outline.deleteSection(course.id, asked.section.id);
      else if (asked.ask === "delete") await outline.deleteLesson(course.id, asked.lesson.id);
      else await outline.changeLesson(course.id, asked.lesson.id, { cancelled: asked.ask === "cancel" });
      await onDone();
    }, words.done);
    onClose();
  };
  return (
    <Dialog title={words?.title ?? ""} open={asked !== null} onClose={onClose}>
      <p className="soft">{words?.words}</p>
      <DialogActions>
        <Button onClick={onClose}>Keep it</Button>
        <Button
          tone={asked?.ask === "uncancel" ? "primary" : "danger"}
          busy={task.busy}
          onClick={() => void go()}
          data-testid="confirm-outline"
        >
          {words?.yes}
        </Button>
      </DialogActions>
    </Dialog>
  );
}
