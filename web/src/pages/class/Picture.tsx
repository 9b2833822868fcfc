/** A track as a moving picture, without its sound. */
import { useEffect, useRef, useState } from "react";
import "./Picture.css";

export function Picture({
  track,
  label,
  mirrored = false,
  whole = false,
  testId,
}: {
  track: MediaStreamTrack;
  label: string;
  mirrored?: boolean;
  /** Nothing may be cut off at the sides, as of a screen. */
  whole?: boolean;
  testId?: string;
}) {
  const video = useRef<HTMLVideoElement>(null);
  const [started, setStarted] = useState(false);
  useEffect(() => {
    const element = video.current;
    if (!element) return;
    setStarted(false);
    element.srcObject = new MediaStream([track]);
    void element.play().catch(() => undefined);
    return () => {
      element.srcObject = null;
    };
  }, [track]);
  const look = [mirrored && "picture-mirrored", whole && "picture-whole"].filter(Boolean).join(" ");
  return (
    <video
      ref={video}
      className={`picture ${look}`.trim()}
      autoPlay
      muted
      playsInline
      aria-label={label}
      data-started={started}
      onLoadedData={() => setStarted(true)}
      data-testid={testId}
    />
  );
}
