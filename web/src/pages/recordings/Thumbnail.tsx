/** A picture of a recording in a list, read when it comes into sight; a sign until then, and where there is none. */
import { useEffect, useRef, useState } from "react";
import type { Recording } from "../../api/recordings";
import { Icon } from "../../design/Icon";
import { useApi } from "../../session/Session";
import { readThumbnail, thumbnailUrl } from "./thumbnails";

/** Read before it is in sight, so far below. */
const MARGIN = "200px";

export function Thumbnail({
  recording,
}: {
  recording: Pick<Recording, "recording_id" | "status" | "duration_seconds" | "resolution">;
}) {
  const { http } = useApi();
  const box = useRef<HTMLSpanElement>(null);
  const [picture, setPicture] = useState<string | null>(null);
  const url = thumbnailUrl(recording);
  useEffect(() => {
    setPicture(null);
    if (!box.current || url === null) return;
    let wanted = false;
    let gone = false;
    const isWanted = () => wanted && !gone;
    const sight = new IntersectionObserver(
      (seen) => {
        wanted = seen.at(-1)?.isIntersecting ?? false;
        if (!wanted) return;
        readThumbnail(http, url, isWanted)
          .then((found) => {
            if (gone || !found) return;
            setPicture(found);
            sight.disconnect();
          })
          .catch(() => undefined);
      },
      { rootMargin: MARGIN },
    );
    sight.observe(box.current);
    return () => {
      gone = true;
      sight.disconnect();
    };
  }, [http, url]);
  const running = recording.status === "recording";
  return (
    <span
      ref={box}
      className={running ? "recording-sign recording-running" : "recording-sign"}
      aria-hidden="true"
      data-testid="thumbnail"
    >
      {picture ? (
        <img src={picture} alt="" width={96} height={54} decoding="async" />
      ) : (
        <Icon name="play" size={20} />
      )}
    </span>
  );
}
