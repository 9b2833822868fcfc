/** What is said when somebody else has stopped what we send. */
import type { RoomRights } from "./protocol";
import type { Outlet } from "./sender";

/** The right that each needs. */
export const RIGHT_FOR = {
  microphone: "speak",
  camera: "camera",
  screen: "share",
  "screen-sound": "share",
} as const satisfies Record<Outlet, keyof RoomRights>;

export const STOPPED: Readonly<Record<Outlet, string>> = {
  microphone: "has muted you.",
  camera: "has stopped your camera.",
  screen: "has stopped your screen.",
  "screen-sound": "has stopped the sound of your screen.",
};

/** For what was stopped while the connection was away for long: by whom is not known. */
export const STOPPED_MEANWHILE: Readonly<Record<Outlet, string>> = {
  microphone: "You were muted while the connection was away.",
  camera: "Your camera was stopped while the connection was away.",
  screen: "Your screen was stopped while the connection was away.",
  "screen-sound": "The sound of your screen was stopped while the connection was away.",
};

export const NOT_ALLOWED: Readonly<Record<Outlet, string>> = {
  microphone: "Microphones are for staff only now, so yours was stopped.",
  camera: "Cameras are for staff only now, so yours was stopped.",
  screen: "Screens are for staff only now, so yours was stopped.",
  "screen-sound": "Screens are for staff only now, so the sound of yours was stopped.",
};
