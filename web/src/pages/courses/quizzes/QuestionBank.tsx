/** The questions of a course, which quizzes are made of. */
import { useCallback, useState } from "react";
import { Link } from "wouter";
import { readFirst } from "../../../api/pages";
import type { Question, QuestionKind } from "../../../api/quizzes";
import { Badge } from "../../../design/Badge";
import { Button } from "../../../design/Button";
import { EmptyState } from "../../../design/EmptyState";
import { SelectField } from "../../../design/Field";
import { Icon } from "../../../design/Icon";
import { Menu, type MenuItem } from "../../../design/Menu";
import { Notice } from "../../../design/Notice";
import { SearchInput } from "../../../design/SearchInput";
import { Loading } from "../../../design/Spinner";
import { plural } from "../../../format";
import { useLoaded } from "../../../hooks/useLoaded";
import { useSettled } from "../../../hooks/useSettled";
import { useTask } from "../../../hooks/useTask";
import { useApi } from "../../../session/Session";
import { useCourse } from "../useCourse";
import { QuestionDialog } from "./QuestionDialog";
import "./Quizzes.css";
import { briefly, KIND_WORDS } from "./quiz_words";

const FRESH_MS = 30_000;
const ROWS = 100;
const NONE: string[] = [];

export function QuestionBank() {
  const { course } = useCourse();
  const { quizzes } = useApi();
  const [retired, setRetired] = useState(false);
  const [words, setWords] = useState("");
  const q = useSettled(words.trim());
  const [tag, setTag] = useState("");
  const [kind, setKind] = useState<QuestionKind | "">("");
  const [shown, setShown] = useState(ROWS);
  const [open, setOpen] = useState<string | "new" | null>(null);
  const wanted = JSON.stringify([retired, q, tag, kind]);
  const load = useCallback(
    async (signal: AbortSignal) => {
      let tags: string[] | null = null;
      const filter = { retired, ...(q && { q }), ...(tag && { tag }), ...(kind && { kind }) };
      const read = await readFirst(shown, async (page) => {
        const one = await quizzes.questions(course.id, { ...page, ...filter }, signal);
        tags ??= one.tags;
        return one;
      });
      return { ...read, tags: tags ?? NONE, wanted };
    },
    [quizzes, course.id, retired, q, tag, kind, shown, wanted],
  );
  const { data, error, reload } = useLoaded(load, FRESH_MS);
  const seen = data?.wanted === wanted ? data.items : null;
  const tags = data?.tags ?? NONE;
  const isFiltered = q !== "" || tag !== "" || kind !== "";
  /** Another list begins at its beginning. */
  const filter = <T,>(set: (value: T) => void, value: T) => {
    set(value);
    setShown(ROWS);
  };
  const change = course.status !== "archived";
  const button = (
    <Button tone="primary" icon="plus" onClick={() => setOpen("new")} data-testid="new-question">
      New question
    </Button>
  );
  return (
    <div>
      <p className="back-line">
        <Link href={`/courses/${course.id}/quizzes`} className="back-link">
          <Icon name="back" size={16} />
          Quizzes
        </Link>
      </p>
      <div className="course-part-head">
        <h2>Question bank</h2>
        {change && <div className="course-tools-end">{button}</div>}
      </div>
      <div className="filters">
        <search>
          <SearchInput
            label="Search questions"
            value={words}
            onChange={(typed) => filter(setWords, typed)}
            testId="search-questions"
          />
        </search>
        <SelectField label="Tag" value={tag} onChange={(event) => filter(setTag, event.target.value)}>
          <option value="">All</option>
          {tags.map((one) => (
            <option key={one}>{one}</option>
          ))}
        </SelectField>
        <SelectField
          label="Kind"
          value={kind}
          onChange={(event) => filter(setKind, event.target.value as QuestionKind | "")}
        >
          <option value="">All</option>
          {Object.entries(KIND_WORDS).map(([word, label]) => (
            <option key={word} value={word}>
              {label}
            </option>
          ))}
        </SelectField>
        <SelectField
          label="State"
          value={retired ? "retired" : ""}
          onChange={(event) => filter(setRetired, event.target.value !== "")}
          data-testid="bank-state"
        >
          <option value="">Asked</option>
          <option value="retired">Retired</option>
        </SelectField>
      </div>
      {error && <Notice tone="wrong">{error}</Notice>}
      {!seen && !error && <Loading label="Loading the questions" />}
      {seen?.length === 0 && (
        <EmptyState icon="list" title={isFiltered ? "No question is like that" : "No questions here"}>
          {retired
            ? "What is asked no more is kept here, with what was answered."
            : "Choices, numbers with a tolerance and short texts; with tags, quizzes draw from many."}
        </EmptyState>
      )}
      {seen && seen.length > 0 && (
        <ul className="list" data-testid="questions">
          {seen.map((one) => (
            <Row key={one.id} question={one} change={change} onEdit={() => setOpen(one.id)} onDone={reload} />
          ))}
        </ul>
      )}
      {seen && data?.more && (
        <p className="list-more">
          <Button
            busy={data.asked < shown}
            onClick={() => setShown(data.asked + ROWS)}
            data-testid="more-questions"
          >
            Show more
          </Button>
        </p>
      )}
      <QuestionDialog
        open={open !== null}
        id={open === "new" ? null : open}
        onClose={() => setOpen(null)}
        onDone={reload}
      />
    </div>
  );
}

interface RowProps {
  question: Question;
  change: boolean;
  onEdit: () => void;
  onDone: () => Promise<void>;
}

function Row({ question, change, onEdit, onDone }: RowProps) {
  const { quizzes } = useApi();
  const task = useTask();
  const { course_id, id, kind, text, points, tags, retired_at } = question;
  const retire = (retired: boolean) =>
    void task.run(
      async () => {
        await quizzes.changeQuestion(course_id, id, { retired });
        await onDone();
      },
      retired ? "It is asked no more." : "It is asked again.",
    );
  const remove = () =>
    void task.run(async () => {
      await quizzes.deleteQuestion(course_id, id);
      await onDone();
    }, "It is gone; what has been asked already is retired instead.");
  const items: MenuItem[] = [
    { label: "Edit", icon: "edit", testId: "edit-question", act: onEdit },
    retired_at === null
      ? { label: "Retire", icon: "eyeOff", testId: "retire-question", act: () => retire(true) }
      : { label: "Ask it again", icon: "eye", act: () => retire(false) },
    { label: "Delete", icon: "trash", danger: true, testId: "delete-question", act: remove },
  ];
  return (
    <li className="bank-row" data-testid={`question-${briefly(text)}`}>
      <div className="list-row-words">
        <p>{briefly(text, 160)}</p>
        <p className="list-row-facts">{[KIND_WORDS[kind], plural(points, "point", "points")].join(" · ")}</p>
        {tags.length > 0 && (
          <p className="bank-tags">
            {tags.map((one) => (
              <Badge key={one}>{one}</Badge>
            ))}
          </p>
        )}
      </div>
      {change && (
        <Menu label={`What to do with: ${briefly(text)}`} items={items} testId="question-menu">
          <Icon name="more" />
        </Menu>
      )}
    </li>
  );
}
