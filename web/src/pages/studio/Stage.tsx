/** The picture as it goes out, with what is going on written over it. */
import { useEffect, useRef } from "react";
import { Badge } from "../../design/Badge";
import { Spinner } from "../../design/Spinner";
import { clock } from "../../format";
import { useNow } from "../../hooks/useNow";
import type { LocalMediaState } from "../../webrtc/local_media";
import { QualityBars } from "../QualityBars";
import type { Publisher } from "./usePublisher";
import type { Recorder } from "./useRecorder";

interface Props {
  mediaState: LocalMediaState;
  publisher: Publisher;
  recorder: Recorder;
}

export function Stage({ mediaState, publisher, recorder }: Props) {
  const video = useRef<HTMLVideoElement>(null);
  const track = mediaState.video;
  useEffect(() => {
    if (!video.current) return;
    video.current.srcObject = track ? new MediaStream([track]) : null;
  }, [track]);
  const mirrored = mediaState.cameraOn && !mediaState.sharing;
  return (
    <div className="stage" data-testid="stage" data-phase={publisher.state.phase}>
      <video
        ref={video}
        className={mirrored ? "stage-video stage-mirrored" : "stage-video"}
        autoPlay
        muted
        playsInline
        aria-label="What you are showing"
        data-testid="preview"
      />
      {!track && <StageNote phase={mediaState.phase} />}
      <div className="stage-top">
        <OnAir publisher={publisher} />
        <OnTape recorder={recorder} />
        {publisher.stats && (
          <span className="stage-chip stage-right">
            <QualityBars stats={publisher.stats} />
          </span>
        )}
      </div>
    </div>
  );
}

function StageNote({ phase }: { phase: LocalMediaState["phase"] }) {
  const words = {
    idle: "",
    asking: "Allow camera and microphone when the browser asks.",
    ready: "Sound only",
    refused: "No camera or microphone",
  }[phase];
  return (
    <p className="stage-note" role="status">
      {phase === "asking" && <Spinner size={24} />}
      {words}
    </p>
  );
}

function OnAir({ publisher }: { publisher: Publisher }) {
  const { since_ms, state } = publisher;
  const now_ms = useNow(1000, since_ms !== null);
  const words = { connecting: "Connecting", recovering: "Reconnecting" }[state.phase as string];
  return (
    <span aria-live="polite" data-testid="live-state">
      {state.phase === "connected" && (
        <Badge tone="live" pulse>
          Live
          {since_ms !== null && (
            <span className="numbers" aria-live="off">
              {clock((now_ms - since_ms) / 1000)}
            </span>
          )}
        </Badge>
      )}
      {words && (
        <span className="stage-chip">
          <Spinner size={14} />
          {words}
        </span>
      )}
      {["idle", "closed", "failed"].includes(state.phase) && <span className="stage-chip">Off air</span>}
    </span>
  );
}

function OnTape({ recorder }: { recorder: Recorder }) {
  const { since_ms, phase } = recorder;
  const now_ms = useNow(1000, since_ms !== null);
  if (phase === "off" || since_ms === null) return null;
  return (
    <span className="stage-chip" data-testid="recording-state">
      <span className="stage-rec" aria-hidden="true" />
      Recording <span className="numbers">{clock((now_ms - since_ms) / 1000)}</span>
    </span>
  );
}
