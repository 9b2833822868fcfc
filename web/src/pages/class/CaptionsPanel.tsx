/** Where staff type captions while the class is recorded. Everybody sees them; the recording has them afterwards. */
import { type FormEvent, useEffect, useRef, useState } from "react";
import { sentence } from "../../api/problem";
import { Button } from "../../design/Button";
import { Field, SelectField } from "../../design/Field";
import { useToast } from "../../design/Toast";
import { clock } from "../../format";
import { useApi } from "../../session/Session";
import { useCaptionLanguage } from "../player/useCaptionLanguage";
import "./CaptionsPanel.css";
import { useClass, useClassState } from "./useClass";

const LONGEST = 500;
const LOOK_AGAIN_MS = 1_000;

export function CaptionsPanel() {
  const { room } = useClass();
  const { captions, recording } = useClassState();
  const id = useRunning(room.room_id, recording);
  const list = useRef<HTMLOListElement>(null);
  const newest = captions.at(-1)?.id;
  // biome-ignore lint/correctness/useExhaustiveDependencies: each new line is brought into view
  useEffect(() => {
    list.current?.scrollTo({ top: list.current.scrollHeight }); // a promise, by now: nothing to be returned
  }, [newest]);
  return (
    <>
      <ol ref={list} className="caption-lines" aria-label="What was typed" data-testid="caption-lines">
        {captions.map(({ id: key, text, language, at_s }) => (
          <li key={key}>
            <span className="numbers">{clock(at_s)}</span> <span lang={language}>{text}</span>
          </li>
        ))}
      </ol>
      {recording ? (
        <CaptionForm recordingId={id} />
      ) : (
        <p className="side-empty">Captions are typed while the class is recorded.</p>
      )}
    </>
  );
}

function CaptionForm({ recordingId }: { recordingId: string | null }) {
  const { recordings } = useApi();
  const toast = useToast();
  const { language, choose, languages } = useCaptionLanguage();
  const [text, setText] = useState("");
  const [busy, setBusy] = useState(false);
  const [early, setEarly] = useState(false); // whether it is to be sent as soon as the recording is known
  const field = useRef<HTMLFormElement>(null);
  useEffect(() => field.current?.querySelector("input")?.focus(), []);
  const send = async (id: string) => {
    const words = text.trim();
    if (!words) return;
    setBusy(true);
    try {
      await recordings.typeCaption(id, language, words);
      setText("");
    } catch (error) {
      toast(sentence(error), { tone: "wrong" });
    } finally {
      setBusy(false);
    }
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (busy) return;
    if (recordingId === null) setEarly(true);
    else void send(recordingId);
  };
  // biome-ignore lint/correctness/useExhaustiveDependencies: what is in the field when it becomes known is sent, once
  useEffect(() => {
    if (!early || recordingId === null) return;
    setEarly(false);
    void send(recordingId);
  }, [early, recordingId]);
  return (
    <form ref={field} className="caption-form" onSubmit={submit}>
      <Field
        label="Line"
        maxLength={LONGEST}
        value={text}
        autoComplete="off"
        lang={language}
        onChange={(event) => setText(event.target.value)}
        data-testid="caption-field"
      />
      <div className="caption-send">
        <SelectField
          label="Language"
          value={language}
          onChange={(event) => choose(event.target.value)}
          data-testid="caption-language"
        >
          {languages.map(({ tag, name }) => (
            <option key={tag} value={tag}>
              {name}
            </option>
          ))}
        </SelectField>
        <Button type="submit" busy={busy || early} disabled={!text.trim()}>
          Show it
        </Button>
      </div>
    </form>
  );
}

/** Which recording is running, once that is known. */
function useRunning(roomId: string, recording: boolean): string | null {
  const { recordings } = useApi();
  const [id, setId] = useState<string | null>(null);
  useEffect(() => {
    setId(null);
    if (!recording) return;
    const abort = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    // It is told before it can be listed.
    const look = async () => {
      const wanted = { roomId, status: "recording", limit: 1 } as const;
      const found = await recordings.list(wanted, abort.signal).catch(() => null);
      if (abort.signal.aborted) return;
      const running = found?.items[0]?.recording_id;
      if (running) setId(running);
      else timer = setTimeout(() => void look(), LOOK_AGAIN_MS);
    };
    void look();
    return () => {
      abort.abort();
      clearTimeout(timer);
    };
  }, [recordings, roomId, recording]);
  return id;
}
