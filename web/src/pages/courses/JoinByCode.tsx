/** Joining by a code that is on the blackboard: looked at first, then joined. */
import { useState } from "react";
import { useLocation } from "wouter";
import type { CourseSecret, InvitationTold } from "../../api/enrolments";
import { Dialog } from "../../design/Dialog";
import { Field } from "../../design/Field";
import { useToast } from "../../design/Toast";
import { useForm } from "../../hooks/useForm";
import { useApi } from "../../session/Session";
import { FormTrouble } from "../FormTrouble";
import { WITH_ARTICLE } from "../people/roles";
import { FormEnds } from "../Submit";

export function JoinByCode({ open, onClose }: { open: boolean; onClose: () => void }) {
  return (
    <Dialog title="Join a course" open={open} onClose={onClose}>
      <CodeForm onClose={onClose} />
    </Dialog>
  );
}

function CodeForm({ onClose }: { onClose: () => void }) {
  const { enrolments } = useApi();
  const [found, setFound] = useState<{ secret: CourseSecret; told: InvitationTold } | null>(null);
  const form = useForm(["code"], async ({ code = "" }) => {
    const secret = { code: code.trim() };
    setFound({ secret, told: await enrolments.look(secret) });
  });
  if (found) return <JoinForm {...found} onCancel={onClose} />;
  return (
    <form className="form" onSubmit={form.onSubmit}>
      <FormTrouble form={form} />
      <Field
        label="Code"
        name="code"
        required
        autoFocus
        maxLength={32}
        autoComplete="off"
        spellCheck={false}
        className="field-code"
        hint="Its teacher tells it: eight letters and digits. Spaces do not matter, nor do capitals."
        error={form.fields.code}
        data-testid="course-join-code"
      />
      <FormEnds form={form} onCancel={onClose} data-testid="look-at-code">
        Go on
      </FormEnds>
    </form>
  );
}

/** What the code or the link is for, and the button that joins. */
export function JoinForm({
  secret,
  told,
  onCancel,
}: {
  secret: CourseSecret;
  told: InvitationTold;
  onCancel: () => void;
}) {
  const { enrolments } = useApi();
  const toast = useToast();
  const [, go] = useLocation();
  const form = useForm([], async () => {
    const { status } = await enrolments.join(secret);
    toast(
      status === "waiting"
        ? `You are on the waiting list of “${told.course_name}”.`
        : `You are in “${told.course_name}” now.`,
    );
    go(`/courses/${told.course_id}`, { replace: true });
  });
  return (
    <form className="form" onSubmit={form.onSubmit} data-testid="course-told">
      <FormTrouble form={form} />
      <div>
        <h3>{told.course_name}</h3>
        <p className="soft">
          {[told.course_code, told.instructor_name && `with ${told.instructor_name}`]
            .filter(Boolean)
            .join(", ")}
        </p>
      </div>
      <p>{joinWords(told)}</p>
      <FormEnds form={form} onCancel={onCancel} cancel="Not now" autoFocus data-testid="join-course">
        {told.places_left === 0 && told.role === "student" ? "Wait for a place" : "Join"}
      </FormEnds>
    </form>
  );
}

export function joinWords({ role, places_left }: Pick<InvitationTold, "role" | "places_left">): string {
  const as = `You join as ${WITH_ARTICLE[role]}.`;
  if (role !== "student" || places_left === null) return as;
  if (places_left === 0)
    return "All places are taken: you wait, and are in as soon as somebody leaves and it is your turn.";
  return `${as} ${places_left === 1 ? "One place is" : `${places_left} places are`} left.`;
}
