/** How a track is kept in step with the program: from where both are to what the track's player is to do. */

/** The program, now. */
export interface Leader {
  /** Seconds. */
  time_s: number;
  /** Whether it goes on: neither paused, nor looking for a place, nor waiting for bytes. */
  moves: boolean;
  rate: number;
}

/** A track's player, now; `off_s` how far it is ahead of where it should be. */
export interface Followed {
  off_s: number;
  /** It looks for a place. */
  seeking: boolean;
  /** Since it was sent to a place last, in seconds. */
  sinceJump_s: number;
}

export interface Limits {
  /** Farther off it is sent to the right place at once; nearer it catches up, or waits, by its speed. */
  jump_s: number;
  /** Nearer than this it is in step. */
  close_s: number;
  /** The most that its speed is changed for it, as a share. */
  give: number;
}

/** Nobody sees a silent picture go a little faster; sound is heard. */
export const PICTURE: Limits = { jump_s: 0.2, close_s: 0.015, give: 0.3 };
export const SOUND: Limits = { jump_s: 0.25, close_s: 0.03, give: 0.06 };

/** A step of the picture, so that one that stands still shows exactly what belongs there. */
const STILL_S = 0.01;
/** From one jump to the next while playing: what has just been sent somewhere needs time to load and decode. */
const REST_S = 0.8;
const GAIN = 2.5;

export interface Steer {
  plays: boolean;
  rate: number;
  /** To be sent to where it belongs. */
  jumps: boolean;
}

export function steer(leader: Leader, followed: Followed, limits: Limits): Steer {
  const { off_s, seeking, sinceJump_s } = followed;
  const off = Math.abs(off_s);
  if (!leader.moves) return { plays: false, rate: leader.rate, jumps: !seeking && off > STILL_S };
  if (off > limits.jump_s && !seeking && sinceJump_s >= REST_S) {
    return { plays: true, rate: leader.rate, jumps: true };
  }
  const give = off <= limits.close_s ? 0 : Math.max(-limits.give, Math.min(limits.give, off_s * GAIN));
  return { plays: true, rate: leader.rate * (1 - give), jumps: false };
}

/** Whether what it shows may be taken for what belongs there. */
export const isInStep = (off_s: number, limits: Limits): boolean => Math.abs(off_s) <= limits.jump_s;
