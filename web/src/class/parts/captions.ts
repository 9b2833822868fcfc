/** Captions typed in class: each line is shown for some seconds; what was typed stands in the panel of who types. */
import type { Pushes } from "../protocol";

export interface CaptionLine {
  id: number;
  language: string;
  text: string;
  /** Seconds of the recording. */
  at_s: number;
  /** Whether its time on the screen is over. */
  past: boolean;
}

export interface CaptionsPart {
  captions: readonly CaptionLine[];
}

const MOST = 200;
let count = 0;

export const captionsHandlers = {
  caption: <S extends CaptionsPart>(state: S, { language, text, at }: Pushes["caption"]): S => {
    const line = { id: ++count, language, text, at_s: at, past: false };
    return { ...state, captions: [...state.captions.slice(1 - MOST), line] };
  },
  "recording-stopped": <S extends CaptionsPart>(state: S): S => ({ ...state, captions: [] }),
};

export const withPastCaption = <S extends CaptionsPart>(state: S, id: number): S => ({
  ...state,
  captions: state.captions.map((one) => (one.id === id ? { ...one, past: true } : one)),
});
