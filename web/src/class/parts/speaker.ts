/** Who speaks, as the server hears it: of those in one's own group, the last one who is not oneself. */
import type { Joined, Pushes } from "../protocol";

export interface SpeakerPart {
  /** Stays after they have finished; null: nobody yet, or who did is gone. */
  speaker: string | null;
}

/** While one speaks oneself the server names nobody else: who spoke `before` stays, if they are still there. */
export const readSpeaker = (joined: Joined, before: string | null): SpeakerPart => {
  const speaker = joined.state.speaker?.peerId ?? null;
  if (speaker !== joined.participant_id) return { speaker };
  const isHere = joined.participants.some((one) => one.participant_id === before);
  return { speaker: isHere ? before : null };
};

export const speakerHandlers = {
  "active-speaker": <S extends SpeakerPart & { me: string }>(
    state: S,
    { peerId }: Pushes["active-speaker"],
  ): S => (peerId === state.me ? state : { ...state, speaker: peerId }),
};
