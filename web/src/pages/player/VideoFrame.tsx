/** The picture with our controls: the same on every browser, and all of them by keyboard. */
import { type ReactNode, type RefObject, useCallback, useEffect, useRef, useState } from "react";
import type { Captions, Chapter } from "../../api/recordings";
import { IconButton } from "../../design/Button";
import { Icon } from "../../design/Icon";
import { Menu } from "../../design/Menu";
import { Spinner } from "../../design/Spinner";
import { clock, plural } from "../../format";
import { CaptionText } from "./CaptionText";
import { chapterAt } from "./Chapters";
import { languageName } from "./languages";
import { QualityMenu } from "./QualityMenu";
import { Scrubber } from "./Scrubber";
import { handleKey } from "./shortcuts";
import type { Qualities } from "./source";
import { ArrangementMenu } from "./tracks/ArrangementMenu";
import { Pictures } from "./tracks/Pictures";
import type { Arrangement } from "./tracks/useArrangement";
import type { Playing as TracksPlaying } from "./tracks/useFollower";
import type { CaptionChoice } from "./useCaptions";
import { type Playback, SPEEDS } from "./usePlayback";
import type { Storyboard } from "./useStoryboard";

const HIDE_AFTER_MS = 2_500;

interface Props {
  frame: RefObject<HTMLDivElement | null>;
  video: RefObject<HTMLVideoElement | null>;
  playback: Playback;
  title: string;
  chapters: readonly Chapter[];
  captions: readonly Captions[];
  caption: CaptionChoice;
  qualities: Qualities;
  storyboard: Storyboard;
  arrangement: Arrangement;
  tracksPlaying: TracksPlaying;
  /** What is said over the picture. */
  children: ReactNode;
}

export function VideoFrame(props: Props) {
  const { frame, video, playback, title, chapters, captions, caption, children } = props;
  const { qualities, storyboard, arrangement, tracksPlaying } = props;
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
      data-strip={arrangement.strip}
    >
      <Pictures arrangement={arrangement} playing={tracksPlaying}>
        {/* biome-ignore lint/a11y/useMediaCaption: useCaptions adds the track of the chosen language */}
        <video
          ref={video}
          className="player-video"
          playsInline
          preload="auto"
          aria-label={title}
          data-testid="video"
        />
      </Pictures>
      <div className="player-main">
        {/* biome-ignore lint/a11y/noStaticElementInteractions: the button and the keys do the same */}
        {/* biome-ignore lint/a11y/useKeyWithClickEvents: the button and the keys do the same */}
        <div
          className="player-surface"
          onClick={() => (controls.shown || !state.playing ? actions.togglePlay() : controls.show())}
          onDoubleClick={actions.toggleFullscreen}
          data-testid="surface"
        />
        <CaptionText words={caption.words} />
        <div className="player-notes">{children}</div>
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
          <Scrubber state={state} chapters={chapters} storyboard={storyboard} onSeek={actions.seek} />
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
            <span className="player-chapter">{chapterAt(chapters, state.time_s)?.title}</span>
            <span className="player-space" />
            {captions.length > 0 && <CaptionMenu captions={captions} caption={caption} />}
            {qualities.heights.length > 1 && <QualityMenu qualities={qualities} />}
            <Menu
              label={`Speed, ${plural(state.speed, "time", "times")}`}
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
            {hasTracks(arrangement) && <ArrangementMenu arrangement={arrangement} />}
            {document.pictureInPictureEnabled && (
              <IconButton
                icon="picture"
                label="Picture in picture"
                className="player-picture"
                onClick={actions.togglePicture}
                data-testid="picture"
              />
            )}
            <IconButton
              icon="expand"
              label="Full screen"
              onClick={actions.toggleFullscreen}
              data-testid="fullscreen"
            />
          </div>
        </div>
      </div>
    </div>
  );
}

const hasTracks = ({ tracks, voices }: Arrangement) => tracks.pictures.length + voices.length > 0;

function CaptionMenu({ captions, caption }: { captions: readonly Captions[]; caption: CaptionChoice }) {
  const { language, choose } = caption;
  return (
    <Menu
      label="Captions"
      above
      className={`button button-quiet player-speed ${language ? "player-on" : ""}`.trim()}
      testId="captions"
      items={[
        { label: "Off", chosen: language === null, testId: "captions-off", act: () => choose(null) },
        ...captions.map((one) => ({
          label: one.label || languageName(one.language),
          chosen: one.language === language,
          testId: `captions-${one.language}`,
          act: () => choose(one.language),
        })),
      ]}
    >
      <span className="player-cc" aria-hidden="true">
        CC
      </span>
    </Menu>
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
