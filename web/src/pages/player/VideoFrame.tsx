/** The picture with our controls: the same on every browser, and all of them by keyboard. */
import { type RefObject, useCallback, useEffect, useRef, useState } from "react";
import { IconButton } from "../../design/Button";
import { Icon } from "../../design/Icon";
import { Menu } from "../../design/Menu";
import { Spinner } from "../../design/Spinner";
import { clock } from "../../format";
import { Scrubber } from "./Scrubber";
import { handleKey } from "./shortcuts";
import { type Playback, SPEEDS } from "./usePlayback";

const HIDE_AFTER_MS = 2_500;

interface Props {
  frame: RefObject<HTMLDivElement | null>;
  video: RefObject<HTMLVideoElement | null>;
  playback: Playback;
  title: string;
}

export function VideoFrame({ frame, video, playback, title }: Props) {
  const { state, actions } = playback;
  const controls = useControlsShown(state.playing);
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (!handleKey(event, actions)) return;
      event.preventDefault();
      controls.show();
    };
    window.addEventListener("keydown", onKey);
    return () => window.removeEventListener("keydown", onKey);
  }, [actions, controls.show]);
  return (
    <div
      ref={frame}
      className={controls.shown ? "player" : "player player-calm"}
      onPointerMove={controls.show}
      data-testid="player"
      data-playing={state.playing && !state.waiting}
    >
      {/* biome-ignore lint/a11y/useMediaCaption: recordings have no captions yet */}
      <video
        ref={video}
        className="player-video"
        playsInline
        preload="auto"
        aria-label={title}
        onClick={() => (controls.shown || !state.playing ? actions.togglePlay() : controls.show())}
        onDoubleClick={actions.toggleFullscreen}
        data-testid="video"
      />
      {state.waiting && (
        <span className="player-middle">
          <Spinner size={44} />
        </span>
      )}
      {!state.playing && state.duration_s > 0 && (
        <button
          type="button"
          className="player-middle player-big"
          aria-label="Play"
          onClick={actions.togglePlay}
        >
          <Icon name={state.ended ? "retry" : "play"} size={34} />
        </button>
      )}
      <div className="player-bar" role="group" aria-label="Controls" onFocus={controls.show}>
        <Scrubber state={state} onSeek={actions.seek} />
        <div className="player-buttons">
          <IconButton
            icon={state.playing ? "pause" : "play"}
            label={state.playing ? "Pause" : "Play"}
            onClick={actions.togglePlay}
            data-testid="play"
          />
          <IconButton
            icon={state.muted ? "soundOff" : "sound"}
            label={state.muted ? "Sound on" : "Sound off"}
            onClick={actions.toggleSound}
          />
          <input
            className="player-volume"
            type="range"
            min={0}
            max={1}
            step={0.05}
            value={state.muted ? 0 : state.volume}
            aria-label="Volume"
            onChange={(event) => actions.setVolume(Number(event.target.value))}
          />
          <span className="player-time numbers" data-testid="time">
            {clock(state.time_s)} <span className="player-total">/ {clock(state.duration_s)}</span>
          </span>
          <span className="player-space" />
          <Menu
            label={`Speed, ${state.speed} times`}
            above
            className="button button-quiet player-speed"
            testId="speed"
            items={SPEEDS.map((speed) => ({
              label: speed === 1 ? "Normal" : `${speed} ×`,
              chosen: speed === state.speed,
              testId: `speed-${speed}`,
              act: () => actions.setSpeed(speed),
            }))}
          >
            <span className="numbers">{state.speed} ×</span>
          </Menu>
          <IconButton
            icon="expand"
            label="Full screen"
            onClick={actions.toggleFullscreen}
            data-testid="fullscreen"
          />
        </div>
      </div>
    </div>
  );
}

/** Controls hide while playing when the pointer rests. */
function useControlsShown(playing: boolean) {
  const [shown, setShown] = useState(true);
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  const show = useCallback(() => {
    clearTimeout(timer.current);
    setShown(true);
    if (playing) timer.current = setTimeout(() => setShown(false), HIDE_AFTER_MS);
  }, [playing]);
  useEffect(() => {
    show();
    return () => clearTimeout(timer.current);
  }, [show]);
  return { shown, show };
}
