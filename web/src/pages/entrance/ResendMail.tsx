import { useState } from "react";
import { ApiError, sentence } from "../../api/problem";
import { Button } from "../../design/Button";
import { useToast } from "../../design/Toast";
import { clock } from "../../format";
import { useSecondsLeft } from "../../hooks/useSecondsLeft";
import { useApi } from "../../session/Session";

/** The server takes one wish a minute for each address. */
const PAUSE_MS = 60_000;

/** Sends the link once more; not before a minute after the last. */
export function ResendMail({ email, justSent }: { email: string; justSent: boolean }) {
  const { accounts } = useApi();
  const toast = useToast();
  const [busy, setBusy] = useState(false);
  const [until_ms, setUntil] = useState(() => (justSent ? Date.now() + PAUSE_MS : 0));
  const wait_s = useSecondsLeft(until_ms);
  const send = async () => {
    setBusy(true);
    try {
      toast((await accounts.resendVerification(email)).message);
      setUntil(Date.now() + PAUSE_MS);
    } catch (problem) {
      toast(sentence(problem), { tone: "wrong" });
      const told_s = problem instanceof ApiError ? problem.retryAfter_s : null;
      if (told_s) setUntil(Date.now() + told_s * 1000);
    } finally {
      setBusy(false);
    }
  };
  return (
    <Button
      icon="retry"
      size="small"
      busy={busy}
      disabled={wait_s > 0}
      onClick={() => void send()}
      data-testid="resend"
    >
      Send it again
      {wait_s > 0 && <span className="numbers"> in {clock(wait_s)}</span>}
    </Button>
  );
}
