/** What is wrong in the studio, in words, with the button that helps. */
import type { ReactNode } from "react";
import type { Room } from "../../api/rooms";
import { Button } from "../../design/Button";
import { Notice } from "../../design/Notice";
import { useNow } from "../../hooks/useNow";
import type { CodecChoice } from "../../webrtc/codecs";
import type { LocalMedia, LocalMediaState } from "../../webrtc/local_media";
import type { Publisher } from "./usePublisher";

interface Props {
  media: LocalMedia;
  mediaState: LocalMediaState;
  publisher: Publisher;
  codec: CodecChoice;
  room: Room;
  /** The microphone is on, and yet nothing comes from it. */
  silent: boolean;
}

export function Problems({ media, mediaState, publisher, codec, room, silent }: Props) {
  const { state } = publisher;
  const unrecorded = codec !== "auto" && codec !== "h264" && room.recording && state.phase === "connected";
  return (
    <div className="problems">
      {mediaState.problem && (
        <Notice
          tone={mediaState.phase === "refused" ? "wrong" : "warn"}
          title={mediaState.problem.title}
          testId="device-problem"
          action={
            <Button size="small" onClick={() => void media.open()}>
              Try again
            </Button>
          }
        >
          {mediaState.problem.advice}
        </Notice>
      )}
      {silent && (
        <Notice title="We hear nothing from your microphone" testId="silent-microphone">
          It may be off by its own button or in the system's settings. You can choose another one under
          “Camera and microphone”.
        </Notice>
      )}
      {state.phase === "failed" && (
        <Notice tone="wrong" title="You are not live" testId="publish-problem">
          {state.refusal.message}
        </Notice>
      )}
      {state.phase === "recovering" && (
        <Recovering retryAt_ms={state.retryAt_ms} onRetry={publisher.retryNow}>
          {state.message}
        </Recovering>
      )}
      {unrecorded && (
        <Notice title="The picture is not recorded" testId="codec-problem">
          Recording takes H.264. End the broadcast, choose the automatic codec, and go live again.
        </Notice>
      )}
    </div>
  );
}

function Recovering({
  retryAt_ms,
  onRetry,
  children,
}: {
  retryAt_ms: number | null;
  onRetry: () => void;
  children: ReactNode;
}) {
  const now_ms = useNow(1000);
  const wait_s = retryAt_ms === null ? 0 : Math.max(0, Math.ceil((retryAt_ms - now_ms) / 1000));
  return (
    <Notice
      testId="recovering"
      action={
        <Button size="small" icon="retry" onClick={onRetry}>
          Now
        </Button>
      }
    >
      {children} <span aria-hidden="true">{wait_s > 0 && `Next try in ${wait_s} s.`}</span>
    </Notice>
  );
}
