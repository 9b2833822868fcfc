/** The question whether somebody is there, before a session ends that nobody uses: what is typed would be lost. */
import { useEffect, useRef, useState } from "react";
import { Button } from "../design/Button";
import { Dialog, DialogActions } from "../design/Dialog";
import { timeOfDay } from "../format";
import { useApi } from "./Session";
import { type End, StillThere } from "./still_there";
import { Use } from "./use";
import "./StillThere.css";

/** So long what comes by itself cannot be closed: who pressed something meant what was there before. */
const READ_MS = 2_000;

export function StillThereDialog() {
  const { http } = useApi();
  const [end, setEnd] = useState<End | null>(null);
  const asks = useRef<StillThere | null>(null);
  useEffect(() => {
    const use = new Use(() => http.signedIn);
    http.used = use;
    const still = new StillThere(http, use, setEnd);
    asks.current = still;
    const stops = [use.begin(), still.begin()];
    return () => {
      for (const stop of stops) stop();
      http.used = null;
    };
  }, [http]);
  const asked = end?.final || end?.away ? null : end;
  const stay = () => http.used?.note();
  return (
    <>
      <Dialog title="Are you still there?" open={asked !== null} onClose={stay}>
        <Words>
          {`Nobody has used these pages for a while. If that stays so, your session ends at ${timeOf(asked)}, and what is not saved by then is lost.`}
        </Words>
        <DialogActions>
          <Button tone="primary" onClick={stay}>
            Stay signed in
          </Button>
        </DialogActions>
      </Dialog>
      <Notice end={asked ? null : end} onHeard={() => asks.current?.heard(end)} />
    </>
  );
}

/**
 * What no answer helps against. It has a dialog of its own, which cannot be closed at once: it may come while somebody
 * presses the question's button, or a key, and would be closed unread.
 */
function Notice({ end, onHeard }: { end: End | null; onHeard: () => void }) {
  const kind = end && (end.final ? "final" : "away");
  const [readable, setReadable] = useState<typeof kind>(null);
  useEffect(() => {
    const timer = setTimeout(() => setReadable(kind), READ_MS);
    return () => {
      clearTimeout(timer);
      setReadable(null);
    };
  }, [kind]);
  const close = () => readable === kind && onHeard();
  return (
    <Dialog
      title={end?.away ? "Your session could not be renewed" : "Your session ends soon"}
      open={end !== null}
      onClose={close}
    >
      <Words>
        {end?.away
          ? `The server could not be told yet that you are here, and the page goes on trying. Unless it succeeds, your session ends at ${timeOf(end)}, and what is not saved by then is lost.`
          : `It ends at ${timeOf(end)}, also while you use it. Save what you are writing before then, and sign in again.`}
      </Words>
      <DialogActions>
        <Button onClick={close} aria-disabled={readable !== kind}>
          Close
        </Button>
      </DialogActions>
    </Dialog>
  );
}

/** In one line: "9:26 PM". */
const timeOf = (end: End | null) => timeOfDay(new Date(end?.end_ms ?? 0)).replace(/\s/g, "\u00a0");

/**
 * They have the focus when they come, and so are read out: who types presses no button unawares. Where one end takes
 * the other's place while they are shown, they are read out as they change.
 */
function Words({ children }: { children: string }) {
  const ref = useRef<HTMLParagraphElement>(null);
  useEffect(() => ref.current?.focus(), []);
  return (
    <p className="still-there" tabIndex={-1} aria-live="assertive" aria-atomic="true" ref={ref}>
      {children}
    </p>
  );
}
