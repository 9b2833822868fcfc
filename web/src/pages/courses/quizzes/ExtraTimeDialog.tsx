/** Who has more time for a quiz than the others. */
import { useCallback, useState } from "react";
import { readFirst } from "../../../api/pages";
import type { Quiz } from "../../../api/quizzes";
import { Button } from "../../../design/Button";
import { Dialog } from "../../../design/Dialog";
import { Field, SelectField } from "../../../design/Field";
import { Notice } from "../../../design/Notice";
import { SearchInput } from "../../../design/SearchInput";
import { Loading } from "../../../design/Spinner";
import { plural } from "../../../format";
import { useForm } from "../../../hooks/useForm";
import { useLoaded } from "../../../hooks/useLoaded";
import { useTask } from "../../../hooks/useTask";
import { useApi } from "../../../session/Session";
import { FormTrouble } from "../../FormTrouble";
import { FormEnds } from "../../Submit";
import { useFoundStudents } from "../useFoundStudents";

const MOST = 5000;

function hintOf({ students, more, q }: { students: readonly unknown[]; more: boolean; q: string }) {
  if (more) return "There are more: type a part of the name, or of the address.";
  return students.length === 0 && q !== "" && "Nobody is called that.";
}

export function ExtraTimeDialog({ quiz, open, onClose }: { quiz: Quiz; open: boolean; onClose: () => void }) {
  return (
    <Dialog title="Extra time" open={open} onClose={onClose}>
      <Inside quiz={quiz} onClose={onClose} />
    </Dialog>
  );
}

function Inside({ quiz, onClose }: { quiz: Quiz; onClose: () => void }) {
  const { quizzes } = useApi();
  const { course_id, id } = quiz;
  const [typed, setTyped] = useState("");
  const students = useFoundStudents(typed);
  const load = useCallback(
    (signal: AbortSignal) => readFirst(MOST, (page) => quizzes.extraTime(course_id, id, page, signal)),
    [quizzes, course_id, id],
  );
  const { data, error, reload } = useLoaded(load);
  const task = useTask();
  const form = useForm(["minutes"], async ({ user = "", minutes = "" }) => {
    await quizzes.giveTime(course_id, id, user, Number(minutes));
    await reload();
  });
  const trouble = error ?? students.error;
  if (!data || !students.data)
    return trouble ? <Notice tone="wrong">{trouble}</Notice> : <Loading label="Loading the students" />;
  return (
    <form className="form" onSubmit={form.onSubmit}>
      <p className="soft">
        It is added to the time limit and to the closing time, also of an attempt that has begun.
      </p>
      {data.items.length > 0 && (
        <ul className="list" data-testid="extra-times">
          {data.items.map(({ user_id, full_name, minutes }) => (
            <li key={user_id} className="quiz-part">
              <span className="quiz-part-words">
                {full_name}, {plural(minutes, "minute", "minutes")} more
              </span>
              <Button
                size="small"
                onClick={() =>
                  void task.run(async () => {
                    await quizzes.giveTime(course_id, id, user_id, 0);
                    await reload();
                  })
                }
              >
                Take back<span className="visually-hidden"> from {full_name}</span>
              </Button>
            </li>
          ))}
        </ul>
      )}
      <FormTrouble form={form} />
      {(students.data.more || students.data.q !== "" || typed !== "") && (
        <SearchInput label="Find a student" value={typed} onChange={setTyped} testId="find-extra-student" />
      )}
      <div className="field-row">
        <SelectField
          label="Student"
          name="user"
          required
          hint={hintOf(students.data)}
          data-testid="extra-student"
        >
          {students.data.students.map(({ student_id, full_name }) => (
            <option key={student_id} value={student_id}>
              {full_name}
            </option>
          ))}
        </SelectField>
        <Field
          label="Extra minutes"
          name="minutes"
          type="number"
          required
          min={0}
          max={100_000}
          defaultValue={15}
          error={form.fields.minutes}
          data-testid="extra-minutes"
        />
      </div>
      <FormEnds
        form={form}
        onCancel={onClose}
        cancel="Done"
        disabled={students.data.students.length === 0}
        data-testid="give-time"
      >
        Give
      </FormEnds>
    </form>
  );
}
