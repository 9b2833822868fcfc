/** The class as those see it who only watch a large one: its live stream, a few seconds late, and all of it in one picture. */
import { useCallback, useEffect, useRef, useState } from "react";
import type { StreamOffer } from "../../class/protocol";
import { Icon } from "../../design/Icon";
import { Spinner } from "../../design/Spinner";
import { useStream } from "../useStream";
import "./ClassStream.css";
import { useClass, useClassState, useOwnMedia } from "./useClass";

export function ClassStream({ stream }: { stream: StreamOffer }) {
  const { session } = useClass();
  const { hands } = useClassState();
  const { speakerId } = useOwnMedia();
  const video = useRef<HTMLVideoElement>(null);
  const [blocked, setBlocked] = useState(false);
  const ask = useCallback(async () => (await session.call("get-stream-offer")).stream, [session]);
  const play = useCallback((element: HTMLVideoElement) => {
    element.play().catch((error: unknown) => {
      if (error instanceof Error && error.name === "NotAllowedError") setBlocked(true);
    });
  }, []);
  const { moves, refusal } = useStream(video, { first: stream, ask, play });
  useEffect(() => {
    // A loudspeaker that is gone leaves the sound where it is.
    if (speakerId && video.current && "setSinkId" in video.current)
      void video.current.setSinkId(speakerId).catch(() => undefined);
  }, [speakerId]);
  const unblock = () => {
    setBlocked(false);
    void video.current?.play().catch(() => setBlocked(true));
  };
  return (
    <figure className="class-stream" data-testid="class-stream" data-moves={moves}>
      {/* biome-ignore lint/a11y/useMediaCaption: captions of a class in progress are shown beside it */}
      <video ref={video} playsInline aria-label="Live stream of the class" data-testid="class-stream-video" />
      {!moves && !blocked && (
        <p className="class-stream-waiting" role="status">
          {refusal ? <Icon name="warning" size={24} /> : <Spinner size={24} />}
          {refusal || "Waiting for the picture of the class"}
        </p>
      )}
      {blocked && (
        <button type="button" className="sounds-blocked" onClick={unblock} data-testid="play-stream">
          <Icon name="play" />
          Tap to play
        </button>
      )}
      <figcaption>
        This class is large: you follow it as a live stream, a few seconds late.
        {hands !== null && " Raise your hand to speak."}
      </figcaption>
    </figure>
  );
}
