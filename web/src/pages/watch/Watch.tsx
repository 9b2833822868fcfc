/** Watching a room: waits until somebody presents, then plays by itself. */
import { useCallback, useRef, useState } from "react";
import { Link, useSearchParams } from "wouter";
import type { Room } from "../../api/rooms";
import { AppShell } from "../../design/AppShell";
import { Badge } from "../../design/Badge";
import { Button, ButtonLink } from "../../design/Button";
import { Icon } from "../../design/Icon";
import { Notice } from "../../design/Notice";
import { Loading } from "../../design/Spinner";
import { plural } from "../../format";
import { useLoaded } from "../../hooks/useLoaded";
import { useTitle } from "../../hooks/useTitle";
import { useApi } from "../../session/Session";
import { RoomMissing } from "../RoomMissing";
import { Screen } from "./Screen";
import { useWatcher } from "./useWatcher";
import "./Watch.css";

const FRESH_MS = 5_000;

export function Watch({ slug }: { slug: string }) {
  const { rooms } = useApi();
  const load = useCallback((signal: AbortSignal) => rooms.get(slug, signal), [rooms, slug]);
  const room = useLoaded(load, FRESH_MS);
  useTitle(room.data?.name ?? "Watch");
  if (room.missing) return <RoomMissing />;
  return (
    <AppShell wide>
      {room.data && <WatchOf key={room.data.room_id} room={room.data} />}
      {!room.data && !room.error && <Loading label="Opening the room" />}
      {!room.data && room.error && (
        <Notice
          tone="wrong"
          action={
            <Button size="small" onClick={() => void room.reload()}>
              Try again
            </Button>
          }
        >
          {room.error}
        </Notice>
      )}
    </AppShell>
  );
}

function WatchOf({ room }: { room: Room }) {
  const [query] = useSearchParams();
  const asStream = query.has("stream");
  const watcher = useWatcher(room.slug, asStream);
  const frame = useRef<HTMLDivElement>(null);
  const [playing, setPlaying] = useState(false);
  return (
    <div className="watch">
      <Screen slug={room.slug} watcher={watcher} asStream={asStream} frame={frame} onPlaying={setPlaying} />
      <div className="page-head watch-head">
        <div className="page-head-words">
          <Link href="/" className="back-link">
            <Icon name="back" size={16} />
            Rooms
          </Link>
          <h1>{room.name}</h1>
          <p className="watch-facts">
            {playing ? (
              <Badge tone="live" pulse>
                Live
              </Badge>
            ) : (
              <Badge>Not live</Badge>
            )}
            {room.recording && (
              <Badge tone="warn" testId="recording-notice">
                This class is being recorded
              </Badge>
            )}
            {room.participant_count > 0 && (
              <span>{plural(room.participant_count, "person", "people")} here</span>
            )}
          </p>
        </div>
        {room.may.publish && (
          <ButtonLink href={`/rooms/${room.slug}/studio`} icon="camera">
            Studio
          </ButtonLink>
        )}
      </div>
    </div>
  );
}
