/** The studio's buttons under the picture. */
import { Button } from "../../design/Button";
import { Icon, type IconName } from "../../design/Icon";
import type { LocalMedia, LocalMediaState } from "../../webrtc/local_media";
import type { Publisher } from "./usePublisher";
import type { Recorder } from "./useRecorder";

interface Props {
  media: LocalMedia;
  mediaState: LocalMediaState;
  publisher: Publisher;
  recorder: Recorder;
  mayRecord: boolean;
  onGoLive: () => void;
  onEnd: () => void;
}

export function Controls({ media, mediaState, publisher, recorder, mayRecord, onGoLive, onEnd }: Props) {
  const ready = mediaState.phase === "ready";
  const canShare = typeof navigator.mediaDevices?.getDisplayMedia === "function";
  const { microphoneOn, cameraOn, sharing } = mediaState;
  return (
    <fieldset className="controls">
      <legend className="visually-hidden">Broadcast</legend>
      <div className="controls-group">
        <Toggle
          icon={microphoneOn ? "microphone" : "microphoneOff"}
          label="Microphone"
          on={microphoneOn}
          disabled={!ready || !mediaState.audio}
          onPress={() => media.setMicrophoneOn(!microphoneOn)}
          testId="toggle-microphone"
        />
        <Toggle
          icon={cameraOn ? "camera" : "cameraOff"}
          label="Camera"
          on={cameraOn}
          disabled={!ready}
          onPress={() => void media.setCameraOn(!cameraOn)}
          testId="toggle-camera"
        />
        {canShare && (
          <Toggle
            icon="screen"
            label={sharing ? "Stop showing" : "Show screen"}
            on={sharing}
            calm
            disabled={!ready}
            onPress={() => (sharing ? media.stopScreen() : void media.startScreen())}
            testId="toggle-screen"
          />
        )}
      </div>
      <div className="controls-group controls-main">
        {mayRecord && <RecordButton recorder={recorder} onAir={publisher.state.phase === "connected"} />}
        <LiveButton publisher={publisher} ready={ready} onGoLive={onGoLive} onEnd={onEnd} />
      </div>
    </fieldset>
  );
}

interface ToggleProps {
  icon: IconName;
  label: string;
  on: boolean;
  /** Off is the usual state and needs no warning colour. */
  calm?: boolean;
  disabled: boolean;
  onPress: () => void;
  testId: string;
}

function Toggle({ icon, label, on, calm = false, disabled, onPress, testId }: ToggleProps) {
  const look = calm ? (on ? "toggle-active" : "") : on ? "" : "toggle-off";
  return (
    <button
      type="button"
      className={`toggle ${look}`.trim()}
      aria-pressed={on}
      aria-label={label}
      disabled={disabled}
      onClick={onPress}
      data-testid={testId}
    >
      <Icon name={icon} size={22} />
      <span className="toggle-label">
        {label}
        {/* aria-pressed says the same. */}
        {!calm && <span aria-hidden="true"> {on ? "on" : "off"}</span>}
      </span>
    </button>
  );
}

function RecordButton({ recorder, onAir }: { recorder: Recorder; onAir: boolean }) {
  const running = recorder.phase === "on" || recorder.phase === "stopping";
  const busy = recorder.phase === "starting" || recorder.phase === "stopping";
  return (
    <Button
      size="large"
      busy={busy}
      disabled={!running && !onAir}
      title={!running && !onAir ? "Go live first, then record" : undefined}
      onClick={() => void (running ? recorder.stop() : recorder.start())}
      data-testid="record"
      data-recording={running}
    >
      {!busy && <span className={running ? "record-square" : "record-dot"} aria-hidden="true" />}
      {running ? "Stop recording" : "Record"}
    </Button>
  );
}

function LiveButton({
  publisher,
  ready,
  onGoLive,
  onEnd,
}: {
  publisher: Publisher;
  ready: boolean;
  onGoLive: () => void;
  onEnd: () => void;
}) {
  const { phase } = publisher.state;
  if (phase === "connected" || phase === "recovering" || phase === "connecting") {
    return (
      <Button tone="danger" size="large" onClick={onEnd} data-testid="end-live">
        {phase === "connecting" ? "Cancel" : "End broadcast"}
      </Button>
    );
  }
  return (
    <Button tone="primary" size="large" disabled={!ready} onClick={onGoLive} data-testid="go-live">
      Go live
    </Button>
  );
}
