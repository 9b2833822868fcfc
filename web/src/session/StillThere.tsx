/** The question whether somebody is there, before a session ends that nobody uses: what is typed would be lost. */
import { useEffect, useRef, useState } from "react";
import { Button } from "../design/Button";
import { Dialog, DialogActions } from "../design/Dialog";
import { timeOfDay } from "../format";
import { useApi } from "./Session";
import { type End, StillThere } from "./still_there";
import { Use } from "./use";
import "./StillThere.css";

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
  const stay = () => (end?.final ? asks.current?.heard() : http.used?.note());
  const { title, words, button } = wordsOf(end);
  return (
    <Dialog title={title} open={end !== null} onClose={stay}>
      <Words>{words}</Words>
      <DialogActions>
        <Button tone={end?.final ? "plain" : "primary"} onClick={stay}>
          {button}
        </Button>
      </DialogActions>
    </Dialog>
  );
}

function wordsOf(end: End | null) {
  // A time stays in one line: "9:26 PM".
  const time = timeOfDay(new Date(end?.end_ms ?? 0)).replace(/\s/g, "\u00a0");
  if (end?.final)
    return {
      title: "Your session ends soon",
      words: `It ends at ${time}, also while you use it. Save what you are writing before then, and sign in again.`,
      button: "Close",
    };
  if (end?.away)
    return {
      title: "The server cannot be reached",
      words: `It does not know yet that you are here, and is told as soon as it can be. Unless it is, your session ends at ${time}, and what is not saved by then is lost.`,
      button: "Try again",
    };
  return {
    title: "Are you still there?",
    words: `Nobody has used these pages for a while. If that stays so, your session ends at ${time}, and what is not saved by then is lost.`,
    button: "Stay signed in",
  };
}

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
