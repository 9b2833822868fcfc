/** The live stream that this one follows instead of having media, in a large class; null for all others. */
import type { Pushes, RoomState, StreamOffer } from "../protocol";

export interface StreamPart {
  stream: StreamOffer | null;
}

export const readStream = (told: RoomState): StreamPart => ({ stream: told.stream ?? null });

export const streamHandlers = {
  "stream-offer": <S extends StreamPart>(state: S, { stream }: Pushes["stream-offer"]): S => ({
    ...state,
    stream,
  }),
};
