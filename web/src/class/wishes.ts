/** What is to go out, of what is open, allowed and switched on. */
import { cameraEncodings, screenEncodings } from "./encodings";
import type { OwnMediaState } from "./own_media";
import type { Outlet, Wish } from "./sender";
import type { ClassState } from "./state";

export function wishesOf(
  { may }: Pick<ClassState, "may">,
  own: OwnMediaState,
  cameraBitrate_bps: number,
): Record<Outlet, Wish | null> {
  const { microphone, microphoneOn, camera, screen, screenSound } = own;
  const encodings = camera ? cameraEncodings(camera, cameraBitrate_bps, may.moderate) : [];
  return {
    microphone: may.speak && microphone ? { track: microphone, paused: !microphoneOn } : null,
    camera: may.camera && camera ? { track: camera, encodings } : null,
    screen: may.share && screen ? { track: screen, encodings: screenEncodings() } : null,
    "screen-sound": may.share && screenSound ? { track: screenSound } : null,
  };
}
