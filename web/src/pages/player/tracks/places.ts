/** Whose cameras, screens and microphones a recording has, and when: a place for each, whichever tracks it is made of. */
import type { RecordedTrack, RecordingInfo, TrackPerson } from "../../../api/recordings";

/** A stretch of a track, in seconds of the player's line of time. */
export interface Stretch {
  track: string;
  /** Where the track's own time is 0. */
  zero_s: number;
  from_s: number;
  to_s: number;
}

/** What one person sends by one source. Who leaves and comes back has the same place, and tracks one after the other. */
export interface Place {
  /** The name of its first track, which addresses carry. */
  key: string;
  /** The same for all places of one person. */
  person: string;
  name: string;
  source: TrackPerson["source"];
  stretches: Stretch[];
}

export interface Tracks {
  /** Screens, then cameras, in the order in which people came. */
  pictures: Place[];
  sounds: Place[];
}

export const NO_TRACKS: Tracks = { pictures: [], sounds: [] };

const NAMELESS = "Guest";
const SOURCE_WORDS: Readonly<Record<TrackPerson["source"], string>> = {
  screen: "Screen",
  camera: "Camera",
  microphone: "Microphone",
};

type OwnTrack = RecordedTrack & { person: TrackPerson };

export function tracksOf(info: RecordingInfo): Tracks {
  const zero_s = info.tracks.find((one) => one.person === null)?.start_seconds ?? 0;
  const own = info.tracks.filter((one): one is OwnTrack => one.person !== null && one.present.length > 0);
  const places: { place: Place; isPicture: boolean }[] = [];
  for (const one of own.sort((a, b) => a.start_seconds - b.start_seconds)) {
    const person = one.person.user_id ?? one.person.participant_id;
    const isPicture = one.width > 0;
    const stretches = stretchesOf(one, zero_s);
    const before = places.find(
      ({ place, isPicture: shows }) =>
        place.person === person &&
        place.source === one.person.source &&
        shows === isPicture &&
        isOver(place, stretches),
    );
    if (before) before.place.stretches.push(...stretches);
    else {
      const { source, name } = one.person;
      const place = { key: one.track, person, name: name || NAMELESS, source, stretches };
      places.push({ place, isPicture });
    }
  }
  const pictures = places.filter(({ isPicture }) => isPicture).map(({ place }) => place);
  return {
    pictures: [
      ...pictures.filter(({ source }) => source === "screen"),
      ...pictures.filter(({ source }) => source !== "screen"),
    ],
    sounds: places.filter(({ isPicture }) => !isPicture).map(({ place }) => place),
  };
}

function stretchesOf(track: RecordedTrack, zero_s: number): Stretch[] {
  return track.present.map(({ start_seconds, end_seconds }) => ({
    track: track.track,
    zero_s: track.start_seconds - zero_s,
    from_s: start_seconds - zero_s,
    to_s: end_seconds - zero_s,
  }));
}

/** Somebody may be there twice, from two devices: what overlaps has a place of its own. */
const isOver = (place: Place, next: readonly Stretch[]): boolean =>
  (place.stretches.at(-1)?.to_s ?? 0) <= (next[0]?.from_s ?? 0);

/** What there is of it at a time; undefined while it is empty. */
export const stretchAt = (stretches: readonly Stretch[], time_s: number): Stretch | undefined =>
  stretches.find(({ from_s, to_s }) => time_s >= from_s && time_s < to_s);

/** What comes next, if that is within so many seconds. */
export function nextStretch(
  stretches: readonly Stretch[],
  time_s: number,
  within_s: number,
): Stretch | undefined {
  const next = stretches.find(({ from_s }) => from_s > time_s);
  return next && next.from_s - time_s <= within_s ? next : undefined;
}

/** The place that an address means: by its first track, or by another of its tracks. */
export const placeNamed = (places: readonly Place[], name: string | null): Place | undefined =>
  name === null
    ? undefined
    : (places.find(({ key }) => key === name) ??
      places.find(({ stretches }) => stretches.some(({ track }) => track === name)));

/** "Ada, screen"; with a number where somebody has several of the kind. */
export function placeName(place: Place, all: readonly Place[]): string {
  const alike = all.filter(({ name, source }) => name === place.name && source === place.source);
  const number = alike.length > 1 ? ` ${alike.indexOf(place) + 1}` : "";
  return `${place.name}, ${SOURCE_WORDS[place.source].toLowerCase()}${number}`;
}

/** Those who can be heard alone, in the order in which they came: what plays then, by person. */
export function voicesOf({ sounds }: Tracks): Voice[] {
  const voices: Voice[] = [];
  for (const place of sounds) {
    const known = voices.find(({ person }) => person === place.person);
    if (known) known.places.push(place);
    else voices.push({ key: place.key, person: place.person, name: place.name, places: [place] });
  }
  return voices;
}

export interface Voice {
  key: string;
  person: string;
  name: string;
  /** Their microphone, and what a screen that they shared plays. */
  places: Place[];
}

export const voiceNamed = (voices: readonly Voice[], name: string | null): Voice | undefined =>
  voices.find(({ places }) => placeNamed(places, name) !== undefined);
