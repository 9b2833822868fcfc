/** For whom a recording is, and the links that open it without an account. */
import { type FormEvent, useCallback, useState } from "react";
import type { NewShare, Recording, Share, Visibility } from "../../api/recordings";
import { Badge } from "../../design/Badge";
import { Button } from "../../design/Button";
import { Dialog } from "../../design/Dialog";
import { CheckField, Field, SelectField } from "../../design/Field";
import { Loading } from "../../design/Spinner";
import { day, moment } from "../../format";
import { useLoaded } from "../../hooks/useLoaded";
import { useTask } from "../../hooks/useTask";
import { useApi } from "../../session/Session";
import { OnlyHere } from "../OnlyHere";
import { useCopyLink } from "../useCopyLink";
import { CopyAddress } from "./CopyAddress";

const DAY_S = 86_400;
const TERMS: readonly (readonly [days: number, name: string])[] = [
  [1, "1 day"],
  [7, "1 week"],
  [30, "30 days"],
  [90, "90 days"],
];
const FOR_WHOM: readonly (readonly [Visibility, string])[] = [
  ["staff", "Staff only: not published"],
  ["members", "Its people, with an account"],
  ["public", "Anybody who has the address"],
];

interface Props {
  recording: Recording;
  /** Where the video stands. */
  now_s: () => number;
  open: boolean;
  onClose: () => void;
  onChange: (recording: Recording) => void;
}

export function ShareDialog({ open, onClose, ...rest }: Props) {
  return (
    <Dialog title="Share" open={open} onClose={onClose}>
      <Sharing {...rest} />
    </Dialog>
  );
}

function Sharing({ recording, now_s, onChange }: Omit<Props, "open" | "onClose">) {
  const { recordings } = useApi();
  const id = recording.recording_id;
  const load = useCallback((signal: AbortSignal) => recordings.shares(id, signal), [recordings, id]);
  const { data, error, reload } = useLoaded(load);
  const [made, setMade] = useState<NewShare | null>(null);
  const task = useTask();
  const publish = (visibility: Visibility) =>
    void task.run(async () => onChange(await recordings.update(id, { visibility })));
  const good = data?.items.filter((share) => share.status === "good") ?? [];
  return (
    <>
      <SelectField
        label="Who can watch"
        value={recording.visibility}
        onChange={(event) => publish(event.target.value as Visibility)}
        hint={hintOf(recording.visibility)}
        data-testid="visibility"
      >
        {FOR_WHOM.map(([value, name]) => (
          <option key={value} value={value}>
            {name}
          </option>
        ))}
      </SelectField>
      <CopyAddress now_s={now_s} label="Copy the address" />
      <section className="share-links">
        <h3>Links for people without an account</h3>
        <NewLink
          id={id}
          onMade={(share) => {
            setMade(share);
            void reload();
          }}
        />
        {made && <MadeLink share={made} />}
        {error && <p className="field-error">{error}</p>}
        {!data && !error && <Loading label="Reading the links" />}
        {good.length > 0 && (
          <ul className="share-list" data-testid="shares">
            {good.map((share) => (
              <ShareRow
                key={share.id}
                id={id}
                share={share}
                onEnded={() => {
                  if (made?.id === share.id) setMade(null);
                  void reload();
                }}
              />
            ))}
          </ul>
        )}
      </section>
    </>
  );
}

function hintOf(visibility: Visibility): string {
  if (visibility === "staff") return "Links below rest until it is published.";
  if (visibility === "public") return "It needs no link: its address is enough.";
  return "Who takes part in its course; where it is in none, everybody with an account. Others need a link from below.";
}

function NewLink({ id, onMade }: { id: string; onMade: (share: NewShare) => void }) {
  const { recordings } = useApi();
  const task = useTask();
  const [title, setTitle] = useState("");
  const [days, setDays] = useState(30);
  const [download, setDownload] = useState(false);
  const make = (event: FormEvent) => {
    event.preventDefault();
    void task.run(async () => {
      const share = await recordings.share(id, { title: title.trim(), download, expires_in_s: days * DAY_S });
      setTitle("");
      onMade(share);
    });
  };
  return (
    <form className="share-form" onSubmit={make}>
      <Field
        label="For whom"
        placeholder="Parents of class 7b"
        value={title}
        maxLength={200}
        onChange={(event) => setTitle(event.target.value)}
        data-testid="share-title"
      />
      <SelectField label="Good for" value={days} onChange={(event) => setDays(Number(event.target.value))}>
        {TERMS.map(([value, name]) => (
          <option key={value} value={value}>
            {name}
          </option>
        ))}
      </SelectField>
      <CheckField
        label="They may download it"
        checked={download}
        onChange={(event) => setDownload(event.target.checked)}
        data-testid="share-download"
      />
      <Button type="submit" tone="primary" icon="link" busy={task.busy} data-testid="make-share">
        Make a link
      </Button>
    </form>
  );
}

function MadeLink({ share }: { share: NewShare }) {
  const copy = useCopyLink();
  return (
    <div className="share-made" role="status">
      <input
        className="field-input"
        readOnly
        value={share.url}
        aria-label="The new link"
        onFocus={(event) => event.target.select()}
        data-testid="share-url"
      />
      <Button icon="copy" onClick={() => void copy(share.url)}>
        Copy
      </Button>
      <p className="soft">It is shown this once.</p>
      <OnlyHere link={share.url} />
    </div>
  );
}

function ShareRow({ id, share, onEnded }: { id: string; share: Share; onEnded: () => void }) {
  const { recordings } = useApi();
  const task = useTask();
  const end = async () => {
    if (await task.run(() => recordings.endShare(id, share.id), "The link is ended.")) onEnded();
  };
  return (
    <li className="share-row">
      <span className="share-words">
        <span className="share-name">{share.title || "Link"}</span>
        <span className="soft">
          {moment(share.created_at)} · until {day(share.expires_at)}
        </span>
      </span>
      {share.download && <Badge>Download</Badge>}
      <Button size="small" busy={task.busy} onClick={() => void end()} data-testid="end-share">
        End
      </Button>
    </li>
  );
}
