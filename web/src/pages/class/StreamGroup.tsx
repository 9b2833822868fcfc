/** The class as a live stream for many: started, ended, limited, and who watches it; for those who may record. */
import { useCallback, useState } from "react";
import { Button } from "../../design/Button";
import { SelectField } from "../../design/Field";
import { Notice } from "../../design/Notice";
import { useToast } from "../../design/Toast";
import { useLoaded } from "../../hooks/useLoaded";
import { useTask } from "../../hooks/useTask";
import { useApi } from "../../session/Session";
import { CopyLine } from "../courses/CopyLine";
import { streamLink } from "../links";
import "./StreamGroup.css";
import { limitsWith, limitWords, qualityWords, viewersWords } from "./stream_words";
import { useClassState } from "./useClass";

const FRESH_MS = 5_000;
/** The server's sentence where all of the room can be streamed. */
const ALL_WELL = "The stream is live.";

export function StreamGroup() {
  const { slug, recording } = useClassState();
  const { streams } = useApi();
  const toast = useToast();
  const task = useTask();
  const load = useCallback((signal: AbortSignal) => streams.ofRoom(slug, signal), [streams, slug]);
  const { data, error, reload } = useLoaded(load, FRESH_MS);
  const [wish, setWish] = useState(0);
  const stream = data?.stream ?? null;
  const isOn = stream?.wanted ?? false;
  const most = isOn && stream ? stream.max_viewers : wish;

  const start = () =>
    task.run(async () => {
      const { message } = await streams.start(slug, wish);
      // That it goes on is seen here, and told to everybody.
      if (message !== ALL_WELL) toast(message);
      await reload();
    });
  const stop = (id: string) =>
    task.run(async () => {
      await streams.stop(id);
      await reload();
    }, "The stream has ended.");
  const limit = (number: number) => {
    if (!isOn || !stream) return setWish(number);
    void task.run(async () => {
      await streams.limit(stream.stream_id, number);
      await reload();
    }, "Set.");
  };
  return (
    <section className="side-group" data-testid="stream-group">
      <h3>Stream to many</h3>
      <p className="field-hint">
        {recording
          ? "Any number of people follow the recording as it grows, a few seconds late."
          : "Any number of people follow a live stream, a few seconds late. Nothing of it is kept, and everybody here is told."}
      </p>
      {error && <Notice tone="wrong">{error}</Notice>}
      {stream && (isOn || stream.active_viewers > 0) && (
        <p className="numbers" data-testid="stream-viewers">
          {viewersWords(stream)}
          {qualityWords(stream) && <span className="stream-qualities">{qualityWords(stream)}</span>}
        </p>
      )}
      <SelectField
        label="At most so many viewers"
        hint={isOn ? "For who comes from now on: nobody is sent away." : undefined}
        value={most}
        onChange={(event) => limit(Number(event.target.value))}
        data-testid="stream-limit"
      >
        {limitsWith(most).map((number) => (
          <option key={number} value={number}>
            {limitWords(number)}
          </option>
        ))}
      </SelectField>
      {isOn && (
        <CopyLine
          label="Link to watch"
          value={streamLink(slug)}
          hint="For everybody who may watch this room."
          testId="stream-link"
        />
      )}
      <p>
        {isOn && stream ? (
          <Button
            tone="danger"
            busy={task.busy}
            onClick={() => void stop(stream.stream_id)}
            data-testid="stream-stop"
          >
            End the stream
          </Button>
        ) : (
          <Button
            icon="signal"
            busy={task.busy}
            disabled={!data}
            onClick={() => void start()}
            data-testid="stream-start"
          >
            Stream to many
          </Button>
        )}
      </p>
    </section>
  );
}
