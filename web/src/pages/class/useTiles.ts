/** The tiles as they are now, and whether one of them is large whatever view was chosen. */
import { arrange, type Tile, tilesOf } from "../../class/tiles";
import { useClass, useClassState, useOwnMedia, useStore } from "./useClass";
import { useClassView } from "./useClassView";

export function useTiles(): readonly Tile[] {
  const { session } = useClass();
  const state = useClassState();
  const own = useOwnMedia();
  const direct = useStore(session.direct);
  const sending = {
    muted: !own.microphoneOn || !state.may.speak,
    screen: own.screen !== null,
    cameraId: session.media?.sender.producerOf("camera")?.id ?? null,
    screenId: session.media?.sender.producerOf("screen")?.id ?? null,
  };
  return tilesOf(state, sending, direct);
}

/** A screen, or what somebody has pinned. */
export function useLargeAnyway(): boolean {
  const { ownPin } = useClassView();
  return arrange(useTiles(), { view: "grid", ownPin, speaker: null }).large !== null;
}
