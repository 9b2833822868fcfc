/** Who speaks, as the server hears it: of those in one's own group, the last one who is not oneself. */
import type { Pushes, RoomState } from "../protocol";

export interface SpeakerPart {
  /** Stays after they have finished; null: nobody yet, or who did is gone. */
  speaker: string | null;
}

export const readSpeaker = (told: RoomState, me: string): SpeakerPart => {
  const speaker = told.speaker?.peerId ?? null;
  return { speaker: speaker === me ? null : speaker };
};

export const speakerHandlers = {
  "active-speaker": <S extends SpeakerPart & { me: string }>(
    state: S,
    { peerId }: Pushes["active-speaker"],
  ): S => (peerId === state.me ? state : { ...state, speaker: peerId }),
};
