/** The question whether somebody is there, before a session ends that nobody uses: what is typed would be lost. */
import { useEffect, useRef, useState } from "react";
import { Button } from "../design/Button";
import { Dialog, DialogActions } from "../design/Dialog";
import { useApi } from "./Session";
import { type End, StillThere } from "./still_there";
import { Use } from "./use";

const clock = new Intl.DateTimeFormat(undefined, { timeStyle: "short" });

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
  const time = clock.format(end?.end_ms ?? 0);
  return (
    <Dialog
      title={end?.final ? "Your session ends soon" : "Are you still there?"}
      open={end !== null}
      onClose={stay}
    >
      {end?.final ? (
        // The words have the focus: who types does not press the button unawares.
        <p tabIndex={-1} ref={(words) => words?.focus()}>
          It ends at {time}, also while you use it. Save what you are writing before then, and sign in again.
        </p>
      ) : (
        <p>
          Nobody has used these pages for a while. If that stays so, your session ends at {time}, and what is
          not saved by then is lost.
        </p>
      )}
      <DialogActions>
        <Button onClick={stay}>{end?.final ? "Close" : "Stay signed in"}</Button>
      </DialogActions>
    </Dialog>
  );
}
