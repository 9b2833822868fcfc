/** What of a recording to take along: all of it, or from one time to another. */
import { useState } from "react";
import { ApiError } from "../../api/problem";
import type { Recording } from "../../api/recordings";
import { Button, ButtonAnchor } from "../../design/Button";
import { Dialog, DialogActions } from "../../design/Dialog";
import { Field } from "../../design/Field";
import { clock } from "../../format";
import { useForm } from "../../hooks/useForm";
import { useApi } from "../../session/Session";
import { FormTrouble } from "../FormTrouble";
import { FormEnds } from "../Submit";
import { type Clip, clipUrl, readClip } from "./clip";

interface Props {
  recording: Recording;
  /** Where the video stands. */
  now_s: () => number;
}

export function Download(props: Props) {
  const [open, setOpen] = useState(false);
  if (props.recording.download_urls.length === 0) return null;
  return (
    <>
      <Button icon="download" aria-haspopup="dialog" onClick={() => setOpen(true)} data-testid="download">
        Download
      </Button>
      <Dialog title="Download" open={open} onClose={() => setOpen(false)}>
        <Choice {...props} onClose={() => setOpen(false)} />
      </Dialog>
    </>
  );
}

function Choice({ recording, now_s, onClose }: Props & { onClose: () => void }) {
  const [part, setPart] = useState(false);
  return (
    <div className="form">
      <div className="download-choice" role="radiogroup" aria-label="How much of it">
        <label>
          <input type="radio" name="how-much" checked={!part} onChange={() => setPart(false)} />
          Whole
        </label>
        <label>
          <input
            type="radio"
            name="how-much"
            checked={part}
            onChange={() => setPart(true)}
            data-testid="download-part"
          />
          A part
        </label>
      </div>
      {part ? (
        <PartForm recording={recording} now_s={now_s} onClose={onClose} />
      ) : (
        <Whole urls={recording.download_urls} onClose={onClose} />
      )}
    </div>
  );
}

function Whole({ urls, onClose }: { urls: readonly string[]; onClose: () => void }) {
  return (
    <>
      <p className="soft">
        {urls.length > 1
          ? "It changes in a way that one MP4 cannot hold: there is one for each stretch."
          : "As MP4, which every player plays."}
      </p>
      <DialogActions>
        <Button onClick={onClose}>Cancel</Button>
        {urls.map((url, at, all) => (
          <ButtonAnchor key={url} href={url} tone="primary" icon="download" download testId="download-whole">
            {all.length > 1 ? `Download part ${at + 1}` : "Download"}
          </ButtonAnchor>
        ))}
      </DialogActions>
    </>
  );
}

function PartForm({ recording, now_s, onClose }: Props & { onClose: () => void }) {
  const { recordings, http } = useApi();
  const { recording_id, duration_seconds, download_urls } = recording;
  const [from, setFrom] = useState("0:00");
  const [to, setTo] = useState(clock(duration_seconds));
  const form = useForm(["from", "to"], async () => {
    const read = readClip(from, to, duration_seconds);
    if ("fields" in read) throw new ApiError("This is no part of it.", 422, "invalid", read.fields);
    const url = await linkOf(read.clip);
    await http.probe(url);
    window.location.assign(url);
    onClose();
  });
  /** Made by the server, and good for six hours; who came by a link has the cookie of that alone. */
  const linkOf = async (clip: Clip): Promise<string> => {
    try {
      return (await recordings.downloadLink(recording_id, clip.from_s, clip.to_s)).url;
    } catch (error) {
      const refused = error instanceof ApiError && (error.status === 401 || error.status === 403);
      const cookies = download_urls[0];
      if (!refused || !cookies || download_urls.length > 1) throw error;
      return clipUrl(cookies, clip);
    }
  };
  return (
    <form className="form" onSubmit={form.onSubmit} noValidate>
      <FormTrouble form={form} />
      <div className="field-row download-times">
        <Time
          label="From"
          name="from"
          value={from}
          error={form.fields.from}
          onChange={setFrom}
          now_s={now_s}
        />
        <Time label="To" name="to" value={to} error={form.fields.to} onChange={setTo} now_s={now_s} />
      </div>
      <p className="soft">
        Minutes and seconds, such as 12:34. It is cut as it is, so that the download starts at once.
      </p>
      <FormEnds form={form} onCancel={onClose} icon="download" data-testid="download-clip">
        Download
      </FormEnds>
    </form>
  );
}

interface TimeProps {
  label: string;
  name: string;
  value: string;
  error: string | undefined;
  onChange: (value: string) => void;
  now_s: () => number;
}

function Time({ label, name, value, error, onChange, now_s }: TimeProps) {
  return (
    <div className="download-time">
      <Field
        label={label}
        name={name}
        inputMode="text"
        autoComplete="off"
        value={value}
        onChange={(event) => onChange(event.target.value)}
        error={error}
        data-testid={`clip-${name}`}
      />
      <Button
        size="small"
        aria-label={`${label}: where the video stands`}
        onClick={() => onChange(clock(now_s()))}
        data-testid={`clip-${name}-now`}
      >
        Where the video stands
      </Button>
    </div>
  );
}
