/** What the server holds of somebody: to hand over, and to erase. */
import { useState } from "react";
import type { Person } from "../../api/people";
import { Button } from "../../design/Button";
import { Dialog } from "../../design/Dialog";
import { Field } from "../../design/Field";
import { useToast } from "../../design/Toast";
import { useForm } from "../../hooks/useForm";
import { useTask } from "../../hooks/useTask";
import { useApi } from "../../session/Session";
import { FormTrouble } from "../FormTrouble";
import { erasureWords } from "../profile/erasure";
import { FormEnds } from "../Submit";
import { saveFile } from "../save_file";
import { Section } from "./PersonPage";

export function PersonData({
  person,
  isMe,
  onErased,
}: {
  person: Person;
  isMe: boolean;
  onErased: () => void;
}) {
  const { people } = useApi();
  const task = useTask();
  const [asked, setAsked] = useState(false);
  const save = () =>
    void task.run(async () =>
      saveFile(await people.exportData(person.user_id), `vtp-data-${person.user_id}.zip`),
    );
  return (
    <Section title="Data">
      <p className="soft">
        What this server has written down of {person.full_name}, and their picture, as one file. It names
        files that they uploaded or handed in, but does not hold them; recordings are not in it.
      </p>
      <div className="button-row">
        <Button icon="download" busy={task.busy} onClick={save} data-testid="export-person">
          Download
        </Button>
        {!isMe && (
          <Button icon="trash" tone="quiet" onClick={() => setAsked(true)} data-testid="erase">
            Erase
          </Button>
        )}
      </div>
      <Dialog title={`Erase ${person.full_name}?`} open={asked} onClose={() => setAsked(false)}>
        <EraseForm person={person} onCancel={() => setAsked(false)} onErased={onErased} />
      </Dialog>
    </Section>
  );
}

function EraseForm({
  person,
  onCancel,
  onErased,
}: {
  person: Person;
  onCancel: () => void;
  onErased: () => void;
}) {
  const { people } = useApi();
  const toast = useToast();
  const [typed, setTyped] = useState("");
  const form = useForm([], async () => {
    await people.erase(person.user_id);
    toast(`${person.full_name} was erased.`);
    onErased();
  });
  const { goes, stays } = erasureWords(false);
  return (
    <form className="form" onSubmit={form.onSubmit}>
      <p className="soft">{goes}</p>
      <p className="soft">{stays}</p>
      <p className="soft">
        This cannot be undone. To keep somebody out for a while, close the account instead.
      </p>
      <FormTrouble form={form} />
      <Field
        label={`Type ${person.email} to go on`}
        autoComplete="off"
        autoCapitalize="none"
        spellCheck={false}
        required
        autoFocus
        value={typed}
        onChange={(event) => setTyped(event.target.value)}
        data-testid="typed-email"
      />
      <FormEnds
        form={form}
        onCancel={onCancel}
        tone="danger"
        disabled={typed.trim().toLowerCase() !== person.email}
        data-testid="confirm-erase"
      >
        Erase
      </FormEnds>
    </form>
  );
}
