/** Keeps an element in step with the program while `active`; gives what it shows. */
import { type RefObject, useEffect, useState } from "react";
import type { Conductor } from "./conductor";
import { Follower, type FollowerState, type OpenTrack } from "./follower";
import type { Place } from "./places";
import { PICTURE, SOUND } from "./steering";

export interface Playing {
  conductor: Conductor | null;
  open: OpenTrack;
}

/** `idle`: it is not looked at. */
export type Shown = FollowerState | "idle";

export function useFollower(
  element: RefObject<HTMLMediaElement | null>,
  place: Place,
  { conductor, open }: Playing,
  options: { active: boolean; sound?: boolean; onBlocked?: () => void },
): Shown {
  const { active, sound = false, onBlocked } = options;
  const [state, setState] = useState<Shown>("idle");
  useEffect(() => {
    if (!element.current || !conductor || !active) return;
    const limits = sound ? SOUND : PICTURE;
    const more = onBlocked ? { onBlocked } : {};
    const follower = new Follower(element.current, {
      stretches: place.stretches,
      limits,
      open,
      onState: setState,
      ...more,
    });
    setState("absent");
    const remove = conductor.add(follower);
    return () => {
      remove();
      setState("idle");
    };
  }, [element, place, conductor, open, active, sound, onBlocked]);
  return state;
}
