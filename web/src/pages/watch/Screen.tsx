/** The picture of the program with its controls, and what is shown while there is none. */
import { type RefObject, useCallback, useEffect, useRef, useState } from "react";
import { Button, ButtonLink, IconButton } from "../../design/Button";
import { Icon } from "../../design/Icon";
import { Spinner } from "../../design/Spinner";
import { bitrate } from "../../format";
import { useNow } from "../../hooks/useNow";
import type { LinkStats } from "../../webrtc/stats";
import { Figures } from "../Figures";
import { toggleFullscreen } from "../fullscreen";
import { QualityBars } from "../QualityBars";
import { isLargeClass, type LargeClass, useLargeClass } from "./useLargeClass";
import type { Watcher } from "./useWatcher";

const HIDE_AFTER_MS = 3_000;

interface ScreenProps {
  slug: string;
  watcher: Watcher;
  /** Whether it is the stream that is to be followed, however small the class. */
  asStream: boolean;
  frame: RefObject<HTMLDivElement | null>;
  onPlaying: (playing: boolean) => void;
}

export function Screen({ slug, watcher, asStream, frame, onPlaying }: ScreenProps) {
  const video = useRef<HTMLVideoElement>(null);
  const sound = useSound(video, isLargeClass(watcher.state) ? null : watcher.stream);
  const large = useLargeClass(slug, video, watcher, sound.play, asStream);
  const playing = large.isLarge ? large.moves : watcher.playing;
  const controls = useControlsShown(playing);
  useEffect(() => onPlaying(playing), [onPlaying, playing]);
  const [details, setDetails] = useState(false);
  return (
    <div
      ref={frame}
      className={controls.shown ? "screen" : "screen screen-calm"}
      onPointerMove={controls.show}
      onPointerDown={controls.show}
      data-testid="screen"
      data-phase={watcher.state.phase}
      data-playing={playing}
      data-large={large.isLarge}
    >
      {/* biome-ignore lint/a11y/useMediaCaption: a live class has no captions yet */}
      <video
        ref={video}
        className="screen-video"
        autoPlay
        playsInline
        aria-label="The class"
        data-testid="program"
      />
      {large.isLarge ? (
        <StreamCover slug={slug} large={large} asStream={asStream} />
      ) : (
        <Cover watcher={watcher} />
      )}
      {playing && sound.blocked && (
        <button type="button" className="screen-unmute" onClick={sound.unmute} data-testid="unmute">
          <Icon name="soundOff" />
          Tap for sound
        </button>
      )}
      {details && watcher.stats && <Details stats={watcher.stats} onClose={() => setDetails(false)} />}
      <div className="screen-bar" role="group" aria-label="Controls" onFocus={controls.show}>
        <IconButton
          icon={sound.muted ? "soundOff" : "sound"}
          label={sound.muted ? "Sound on" : "Sound off"}
          onClick={sound.toggle}
          data-testid="toggle-sound"
        />
        <input
          className="screen-volume"
          type="range"
          min={0}
          max={1}
          step={0.05}
          value={sound.muted ? 0 : sound.volume}
          aria-label="Volume"
          onChange={(event) => sound.setVolume(Number(event.target.value))}
        />
        <span className="screen-space" />
        {watcher.playing && watcher.stats && (
          <button
            type="button"
            className="screen-quality"
            aria-expanded={details}
            title="Connection"
            onClick={() => setDetails(!details)}
          >
            <QualityBars stats={watcher.stats} />
          </button>
        )}
        <IconButton
          icon="expand"
          label="Full screen"
          onClick={() => toggleFullscreen(frame.current, video.current)}
          data-testid="fullscreen"
        />
      </div>
    </div>
  );
}

/** Sound of the video: plays with sound where the browser allows it, else silently with a button for sound. */
function useSound(video: RefObject<HTMLVideoElement | null>, stream: MediaStream | null) {
  const [muted, setMuted] = useState(false);
  const [volume, setVolumeState] = useState(1);
  const [blocked, setBlocked] = useState(false);

  const play = useCallback((element: HTMLVideoElement) => {
    element.play().catch((error: unknown) => {
      if (!(error instanceof Error) || error.name !== "NotAllowedError") return;
      element.muted = true;
      setMuted(true);
      setBlocked(true);
      void element.play().catch(() => undefined);
    });
  }, []);

  useEffect(() => {
    const element = video.current;
    if (!element) return;
    element.srcObject = stream;
    if (stream) play(element);
  }, [video, stream, play]);

  const setSound = (on: boolean) => {
    if (!video.current) return;
    video.current.muted = !on;
    setMuted(!on);
    if (on) setBlocked(false);
    void video.current.play().catch(() => undefined);
  };
  return {
    muted,
    volume,
    blocked,
    play,
    toggle: () => setSound(muted),
    unmute: () => setSound(true),
    setVolume: (value: number) => {
      if (video.current) video.current.volume = value;
      setVolumeState(value);
      setSound(value > 0);
    },
  };
}

/** Controls hide while the class plays and the pointer rests. */
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

/** Of a class that is followed as a stream: what there is to say about that. */
interface StreamCoverProps {
  slug: string;
  large: LargeClass;
  asStream: boolean;
}

function StreamCover({ slug, large: { moves, seen, gone, refusal }, asStream }: StreamCoverProps) {
  if (gone) {
    return (
      <div className="screen-cover" role="status" data-testid="stream-missing">
        <Icon name="users" size={30} />
        <p>
          {asStream
            ? "There is no live stream of this class now. It is looked for again and again."
            : "This class is large, and there is no live stream of it."}
        </p>
        <ButtonLink href={`/rooms/${slug}/class`}>Join the class</ButtonLink>
      </div>
    );
  }
  if (moves) {
    return (
      <p className="screen-note">
        {asStream ? "Live stream, a few seconds late" : "A large class: live stream, a few seconds late"}
      </p>
    );
  }
  if (refusal) {
    return (
      <div className="screen-cover" role="status" data-testid="stream-refused">
        <Icon name="warning" size={30} />
        <p>{refusal}</p>
        <p className="screen-soft">It is tried again by itself.</p>
      </div>
    );
  }
  if (seen) {
    return (
      <p className="screen-note screen-stalled" role="status">
        <Spinner size={18} />
        Waiting for the picture of the class
      </p>
    );
  }
  return (
    <div className="screen-cover" role="status" data-testid="stream-waiting">
      <Spinner size={30} />
      <p>Waiting for the picture of the class</p>
      <p className="screen-soft">
        {asStream
          ? "You follow it as a live stream, a few seconds late."
          : "It is a large class, which you follow as a live stream."}
      </p>
    </div>
  );
}

function Cover({ watcher }: { watcher: Watcher }) {
  const { state, playing, picture, retryNow } = watcher;
  if (state.phase === "failed") {
    return (
      <div className="screen-cover" role="alert" data-testid="watch-problem">
        <Icon name="warning" size={30} />
        <p>{state.refusal.message}</p>
        <Button size="small" icon="retry" onClick={retryNow}>
          Try again
        </Button>
      </div>
    );
  }
  if (state.phase === "recovering") {
    return <Recovering message={state.message} retryAt_ms={state.retryAt_ms} onRetry={retryNow} />;
  }
  if (state.phase !== "connected") {
    return (
      <div className="screen-cover" role="status">
        <Spinner size={30} />
        <p>Connecting</p>
      </div>
    );
  }
  if (!playing) {
    return (
      <div className="screen-cover" role="status" data-testid="waiting">
        <span className="screen-waiting" aria-hidden="true">
          <i />
          <i />
          <i />
        </span>
        <p>Nobody is presenting right now.</p>
        <p className="screen-soft">It starts here by itself as soon as somebody does.</p>
      </div>
    );
  }
  if (!picture) {
    return (
      <div className="screen-cover" role="status" data-testid="sound-only">
        <Icon name="sound" size={34} />
        <p>Sound only</p>
      </div>
    );
  }
  return null;
}

function Recovering({
  message,
  retryAt_ms,
  onRetry,
}: {
  message: string;
  retryAt_ms: number | null;
  onRetry: () => void;
}) {
  const now_ms = useNow(1000);
  const wait_s = retryAt_ms === null ? 0 : Math.max(0, Math.ceil((retryAt_ms - now_ms) / 1000));
  return (
    <div className="screen-cover" role="status" data-testid="recovering">
      <Spinner size={30} />
      <p>{message}</p>
      {wait_s > 0 && (
        <p className="screen-soft" aria-hidden="true">
          Next try in {wait_s} s
        </p>
      )}
      <Button size="small" icon="retry" onClick={onRetry}>
        Try now
      </Button>
    </div>
  );
}

function Details({ stats, onClose }: { stats: LinkStats; onClose: () => void }) {
  // Half the round trip and the time in the buffer; what camera and encoder take is not known here.
  const delay_ms = stats.buffer_ms === null ? null : stats.buffer_ms + (stats.roundTrip_ms ?? 0) / 2;
  return (
    <div className="screen-details" data-testid="details">
      <div className="screen-details-head">
        <strong>Connection</strong>
        <IconButton icon="close" label="Close" size="small" onClick={onClose} />
      </div>
      <Figures
        figures={[
          ["Delay", delay_ms === null ? "…" : `about ${Math.round(delay_ms)} ms`],
          [
            "Picture",
            stats.width > 0 ? `${stats.width} × ${stats.height}, ${stats.frames_per_s} fps` : "none",
          ],
          ["Receiving", bitrate(stats.video_bps + stats.audio_bps)],
          ["Codec", stats.codec || "…"],
          ["Lost", `${(stats.lostShare * 100).toFixed(1)} %`],
        ]}
      />
    </div>
  );
}
