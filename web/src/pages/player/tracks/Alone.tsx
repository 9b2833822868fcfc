/** One participant's sound in place of everybody's. */
import { useEffect, useRef } from "react";
import { Button } from "../../../design/Button";
import type { Place, Voice } from "./places";
import { type Playing, useFollower } from "./useFollower";

interface Props {
  voice: Voice;
  playing: Playing;
  volume: number;
  muted: boolean;
  /** Back to everybody. */
  onEverybody: () => void;
}

export function Alone({ voice, playing, volume, muted, onEverybody }: Props) {
  return (
    <p className="player-note player-alone" data-testid="alone">
      <span>Only {voice.name} is heard</span>
      <Button size="small" onClick={onEverybody} data-testid="hear-everybody">
        Everybody
      </Button>
      {voice.places.map((place) => (
        <Sound
          key={place.key}
          place={place}
          playing={playing}
          volume={volume}
          muted={muted}
          onBlocked={onEverybody}
        />
      ))}
    </p>
  );
}

interface SoundProps {
  place: Place;
  playing: Playing;
  volume: number;
  muted: boolean;
  onBlocked: () => void;
}

function Sound({ place, playing, volume, muted, onBlocked }: SoundProps) {
  const audio = useRef<HTMLAudioElement>(null);
  useFollower(audio, place, playing, { active: true, sound: true, onBlocked });
  useEffect(() => {
    if (!audio.current) return;
    audio.current.volume = volume;
    audio.current.muted = muted;
  }, [volume, muted]);
  // biome-ignore lint/a11y/useMediaCaption: the program's captions are shown
  return <audio ref={audio} data-testid={`sound-${place.key}`} />;
}
