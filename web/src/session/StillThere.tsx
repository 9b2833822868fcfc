/** The question whether somebody is there, before a session ends that nobody uses: what is typed would be lost. */
import { useEffect, useState } from "react";
import { Button } from "../design/Button";
import { Dialog, DialogActions } from "../design/Dialog";
import { useApi } from "./Session";
import { StillThere } from "./still_there";
import { Use } from "./use";

const clock = new Intl.DateTimeFormat(undefined, { timeStyle: "short" });

export function StillThereDialog() {
  const { http } = useApi();
  const [end_ms, setEnd] = useState<number | null>(null);
  useEffect(() => {
    const use = new Use(() => http.signedIn);
    http.used = use;
    const stops = [use.begin(), new StillThere(http, use, setEnd).begin()];
    return () => {
      for (const stop of stops) stop();
      http.used = null;
    };
  }, [http]);
  const stay = () => http.used?.note();
  return (
    <Dialog title="Are you still there?" open={end_ms !== null} onClose={stay}>
      <p>
        Nobody has used these pages for a while. If that stays so, your session ends at{" "}
        {clock.format(end_ms ?? 0)}, and what is not saved by then is lost.
      </p>
      <DialogActions>
        <Button onClick={stay}>Stay signed in</Button>
      </DialogActions>
    </Dialog>
  );
}
