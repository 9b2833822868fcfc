/** What is heard: every sound of others, whether its tile can be seen or not. */
import { useEffect, useRef, useState } from "react";
import { directSource } from "../../class/direct";
import { Icon } from "../../design/Icon";
import "./Sounds.css";
import { useClass, useClassState, useOwnMedia, useStore } from "./useClass";

const NEAR = ["microphone", "screen-sound"] as const;

export function Sounds() {
  const { media } = useClassState();
  const { session } = useClass();
  const tracks = useStore(session.tracks);
  const direct = useStore(session.direct);
  const { speakerId } = useOwnMedia();
  const [blocked, setBlocked] = useState(false);
  // What comes directly is not to be heard twice.
  const isDouble = (one: (typeof media)[number]) => {
    const source = directSource(one);
    return one.owner === direct?.peerId && source !== null && direct.tracks.has(source);
  };
  const sounds = media.filter((one) => one.kind === "audio" && !isDouble(one));
  const unblock = () => {
    for (const audio of document.querySelectorAll<HTMLAudioElement>("audio.sound"))
      void audio.play().catch(() => undefined);
    setBlocked(false);
  };
  return (
    <>
      {sounds.map(({ id, owner }) => {
        const track = tracks.get(id);
        return (
          track && (
            <Sound
              key={id}
              track={track}
              owner={owner}
              speakerId={speakerId}
              onBlocked={() => setBlocked(true)}
            />
          )
        );
      })}
      {NEAR.map((source) => {
        const track = direct?.tracks.get(source);
        return (
          direct &&
          track && (
            <Sound
              key={source}
              track={track}
              owner={direct.peerId}
              speakerId={speakerId}
              onBlocked={() => setBlocked(true)}
            />
          )
        );
      })}
      {blocked && (
        <button type="button" className="sounds-blocked" onClick={unblock} data-testid="unmute">
          <Icon name="soundOff" />
          Tap for sound
        </button>
      )}
    </>
  );
}

interface SoundProps {
  track: MediaStreamTrack;
  owner: string;
  speakerId: string | null;
  onBlocked: () => void;
}

function Sound({ track, owner, speakerId, onBlocked }: SoundProps) {
  const audio = useRef<HTMLAudioElement>(null);
  const blocked = useRef(onBlocked);
  blocked.current = onBlocked;
  useEffect(() => {
    const element = audio.current;
    if (!element) return;
    element.srcObject = new MediaStream([track]);
    element.play().catch((error: unknown) => {
      if (error instanceof Error && error.name === "NotAllowedError") blocked.current();
    });
    return () => {
      element.srcObject = null;
    };
  }, [track]);
  useEffect(() => {
    // A loudspeaker that is gone leaves the sound where it is.
    if (speakerId && audio.current && "setSinkId" in audio.current)
      void audio.current.setSinkId(speakerId).catch(() => undefined);
  }, [speakerId]);
  // biome-ignore lint/a11y/useMediaCaption: a live class has no captions yet
  return <audio ref={audio} className="sound" autoPlay data-testid={`sound-${owner}`} />;
}
