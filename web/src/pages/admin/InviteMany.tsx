/** Inviting many people with one form; where the server sends no mail, one list of links to pass on. */
import { type ChangeEvent, type RefObject, useEffect, useRef, useState } from "react";
import type { RoleWord } from "../../api/people";
import { Button } from "../../design/Button";
import { Dialog, DialogActions } from "../../design/Dialog";
import { FileField, SelectField, TextField } from "../../design/Field";
import { Notice } from "../../design/Notice";
import { useToast } from "../../design/Toast";
import { plural } from "../../format";
import { useForm } from "../../hooks/useForm";
import { isAdmin, useApi, useSession } from "../../session/Session";
import { FormTrouble } from "../FormTrouble";
import { copiedWords, copyText } from "../links";
import { OnlyHere } from "../OnlyHere";
import { ROLE_NAMES, rolesToGive } from "../people/roles";
import { FormEnds } from "../Submit";
import { saveText } from "../save_file";
import {
  inviteAll,
  linesOf,
  MOST_AT_ONCE,
  type Outcome,
  readList,
  tableOf,
  type Wanted,
} from "./invite_many";

interface Props {
  open: boolean;
  onClose: () => void;
  /** Called once somebody was invited. */
  onDone: () => void;
}

export function InviteMany({ open, onClose, onDone }: Props) {
  const stop = useRef<AbortController | null>(null);
  /** While people are invited closing stops that: the links that there are already are seen nowhere else. */
  const close = () => (stop.current ? stop.current.abort() : onClose());
  return (
    <Dialog title="Invite many people" open={open} onClose={close}>
      <Inviting stop={stop} onClose={close} onDone={onDone} />
    </Dialog>
  );
}

interface Stoppable {
  /** What stops the invitations that are being made; null while none are. */
  stop: RefObject<AbortController | null>;
}

function Inviting({ stop, onClose, onDone }: Omit<Props, "open"> & Stoppable) {
  const { invitations } = useApi();
  const [people, setPeople] = useState<readonly Wanted[]>([]);
  const [outcomes, setOutcomes] = useState<readonly Outcome[] | null>(null);
  useEffect(() => () => stop.current?.abort(), [stop]);
  const start = (all: readonly Wanted[], role: RoleWord) => {
    setPeople(all);
    setOutcomes([]);
    const invite = ({ email, full_name }: Wanted) =>
      invitations.invite({ email, role, ...(full_name && { full_name }) });
    const stopped = new AbortController();
    stop.current = stopped;
    void inviteAll(all, invite, setOutcomes, stopped.signal).then(() => {
      stop.current = null;
      onDone();
    });
  };
  if (outcomes === null) return <ListForm onStart={start} onClose={onClose} />;
  return <Outcomes of={people.length} outcomes={outcomes} onClose={onClose} />;
}

function ListForm({
  onStart,
  onClose,
}: {
  onStart: (people: readonly Wanted[], role: RoleWord) => void;
  onClose: () => void;
}) {
  const { state } = useSession();
  const [text, setText] = useState("");
  const [chosen, setChosen] = useState<File | null>(null);
  const { people, left } = readList(text);
  const tooMany = people.length > MOST_AT_ONCE;
  const form = useForm([], async ({ role = "student" }) => {
    if (people.length > 0 && !tooMany) onStart(people, role as RoleWord);
  });
  const choose = async (event: ChangeEvent<HTMLInputElement>) => {
    const file = event.target.files?.[0];
    if (!file) return;
    setChosen(file);
    setText(await file.text());
  };
  const wrong = tooMany
    ? `These are ${people.length}; invite ${MOST_AT_ONCE} at a time.`
    : text.trim() && people.length === 0
      ? "There is no email address in it."
      : undefined;
  return (
    <form className="form" onSubmit={form.onSubmit}>
      <FormTrouble form={form} />
      <TextField
        label="People, one in each line"
        rows={6}
        required
        autoFocus
        value={text}
        onChange={(event) => setText(event.target.value)}
        placeholder={"ada@school.example\nSam Okafor <sam@school.example>"}
        error={wrong}
        hint={
          <>
            An address, with a name before or after it if you like.
            {people.length > 0 && ` ${plural(people.length, "person", "people")} found.`}
            {left.length > 0 &&
              ` Without an address: ${left.slice(0, 3).join("; ")}${left.length > 3 ? " …" : ""}`}
          </>
        }
        data-testid="invite-list"
      />
      <FileField
        label="Or from a table (CSV)"
        chosen={chosen}
        accept=".csv,.txt,text/csv,text/plain"
        onChange={(event) => void choose(event)}
      />
      <SelectField label="Role" name="role" defaultValue="student">
        {rolesToGive(isAdmin(state)).map((role) => (
          <option key={role} value={role}>
            {ROLE_NAMES[role]}
          </option>
        ))}
      </SelectField>
      <FormEnds
        form={form}
        onCancel={onClose}
        disabled={people.length === 0 || tooMany}
        data-testid="invite-all"
      >
        {people.length > 1 ? `Invite ${people.length}` : "Invite"}
      </FormEnds>
    </form>
  );
}

function Outcomes({
  of,
  outcomes,
  onClose,
}: {
  of: number;
  outcomes: readonly Outcome[];
  onClose: () => void;
}) {
  const toast = useToast();
  const refused = outcomes.filter(({ error }) => error);
  const links = outcomes.filter(({ link }) => link);
  const busy = outcomes.length < of;
  const first = links[0]?.link ?? "";
  const copy = async () => {
    const done = await copyText(linesOf(outcomes));
    const { text, well } = copiedWords(first, done, plural(links.length, "link", "links"));
    toast(text, well ? {} : { tone: "wrong" });
  };
  return (
    <div className="form" data-testid="invited-all">
      <p role="status">
        {busy
          ? `${outcomes.length} of ${of} …`
          : `${plural(of - refused.length, "person was", "people were")} invited.`}
      </p>
      {busy && <progress className="invite-progress" max={of} value={outcomes.length} aria-label="Invited" />}
      {!busy && links.length > 0 && (
        <p className="soft">
          This server sends no mail: pass each link on to the one whom it is for. They are shown this once;
          later, each invitation gives a new one.
        </p>
      )}
      {!busy && refused.length > 0 && (
        <Notice tone="warn" title={`${plural(refused.length, "person was", "people were")} not invited`}>
          {refused.slice(0, 5).map(({ email, error }) => (
            <span key={email} className="invite-refused">
              {email}: {error}
            </span>
          ))}
          {refused.length > 5 && <span className="invite-refused">The table has the others.</span>}
        </Notice>
      )}
      {!busy && links.length > 0 && (
        <>
          <textarea
            className="field-input field-text invite-links"
            aria-label="Addresses and links"
            readOnly
            rows={Math.min(8, links.length)}
            value={linesOf(outcomes)}
            data-testid="invite-links"
          />
          <OnlyHere link={first} />
        </>
      )}
      <DialogActions>
        {!busy && links.length > 0 && (
          <Button icon="copy" onClick={() => void copy()} data-testid="copy-links">
            Copy all
          </Button>
        )}
        {!busy && (links.length > 0 || refused.length > 0) && (
          <Button
            icon="download"
            onClick={() => saveText(tableOf(outcomes), "vtp-invitations.csv", "text/csv")}
            data-testid="save-links"
          >
            Table (CSV)
          </Button>
        )}
        <Button tone="primary" onClick={onClose} data-testid="invited-done">
          {busy ? "Stop" : "Done"}
        </Button>
      </DialogActions>
    </div>
  );
}
