/** The large picture and the small ones: the program's, and those of participants in step with it. */
import { type ReactNode, type RefObject, useEffect, useRef, useState } from "react";
import { Avatar } from "../../../design/Avatar";
import { Spinner } from "../../../design/Spinner";
import { type Place, placeName } from "./places";
import "./Pictures.css";
import type { Arrangement } from "./useArrangement";
import { type Playing, type Shown, useFollower } from "./useFollower";
import { useOnScreen } from "./useOnScreen";

export const PROGRAM_NAME = "Who presents";

interface Props {
  arrangement: Arrangement;
  playing: Playing;
  /** The program's video. */
  children: ReactNode;
}

/**
 * All are children of one element and only change their places, since a video that is moved in the document stops. The
 * large one is placed over the player by its style.
 */
export function Pictures({ arrangement, playing, children }: Props) {
  const { tracks, large, strip, choose } = arrangement;
  const box = useRef<HTMLDivElement>(null);
  // Who chooses by the keyboard goes on from the picture that has become small: the same key changes back.
  const change = (key: string | null, byKey: boolean) => {
    const before = large?.key ?? "program";
    choose(key);
    if (!byKey) return;
    requestAnimationFrame(() =>
      box.current?.querySelector<HTMLElement>(`[data-picture="${before}"] .picture-choose`)?.focus(),
    );
  };
  return (
    <div ref={box} className="player-pictures" role="group" aria-label="Pictures" data-testid="pictures">
      <div
        className={large ? "picture" : "picture picture-large"}
        data-picture="program"
        data-testid="picture-program"
      >
        {children}
        {large && strip && <Choose name={PROGRAM_NAME} onChoose={(byKey) => change(null, byKey)} />}
      </div>
      {tracks.pictures.map((place) => (
        <PlacePicture
          key={place.key}
          place={place}
          name={placeName(place, tracks.pictures)}
          playing={playing}
          isLarge={place === large}
          strip={strip}
          onChoose={(byKey) => change(place.key, byKey)}
        />
      ))}
      <Said large={large ? placeName(large, tracks.pictures) : PROGRAM_NAME} />
    </div>
  );
}

/** Told whether it was by the keyboard. */
type OnChoose = (byKey: boolean) => void;

interface PlaceProps {
  place: Place;
  name: string;
  playing: Playing;
  isLarge: boolean;
  strip: boolean;
  onChoose: OnChoose;
}

function PlacePicture({ place, name, playing, isLarge, strip, onChoose }: PlaceProps) {
  const box = useRef<HTMLDivElement>(null);
  const video = useRef<HTMLVideoElement>(null);
  const seen = useOnScreen(box);
  const state = useFollower(video, place, playing, { active: isLarge || (strip && seen) });
  return (
    <div
      ref={box}
      className={isLarge ? "picture picture-large" : "picture"}
      data-state={state}
      data-picture={place.key}
      data-testid={`picture-${place.key}`}
    >
      <video ref={video} className="player-video" playsInline muted aria-label={name} />
      {state === "loading" && (
        <span className="picture-over">
          <Spinner size={isLarge ? 44 : 22} />
        </span>
      )}
      {EMPTY[state] && (
        <span className="picture-over">
          <Avatar name={place.name} size={isLarge ? "large" : "medium"} />
          <span className="picture-why">{EMPTY[state]}</span>
        </span>
      )}
      {isLarge && <span className="picture-name picture-name-large">{name}</span>}
      {!isLarge && strip && (
        <Choose name={name} note={state === "absent" ? EMPTY.absent : undefined} onChoose={onChoose} />
      )}
    </div>
  );
}

const EMPTY: Partial<Record<Shown, string>> = {
  absent: "Not there at this time",
  failed: "Cannot be loaded now",
};

interface ChooseProps {
  name: string;
  note?: string | undefined;
  onChoose: OnChoose;
}

function Choose({ name, note, onChoose }: ChooseProps) {
  return (
    <button
      type="button"
      className="picture-choose"
      aria-label={`${name}: show large${note ? `. ${note}` : ""}`}
      title={`${name}: show large`}
      onClick={({ detail }) => onChoose(detail === 0)}
    >
      <span className="picture-name" aria-hidden="true">
        {name}
      </span>
    </button>
  );
}

/** Tells who cannot see it which picture has become the large one. */
function Said({ large }: { large: string }) {
  const [said, setSaid] = useState("");
  const before: RefObject<string> = useRef(large);
  useEffect(() => {
    if (before.current === large) return;
    before.current = large;
    setSaid(`Large picture: ${large}`);
  }, [large]);
  return (
    <p className="visually-hidden" role="status">
      {said}
    </p>
  );
}
