/** The studio of a room: look at yourself, go live, record. */
import { useCallback, useEffect, useState, useSyncExternalStore } from "react";
import { Link, useLocation } from "wouter";
import type { Room } from "../../api/rooms";
import { AppShell } from "../../design/AppShell";
import { Button } from "../../design/Button";
import { Dialog, DialogActions } from "../../design/Dialog";
import { Icon } from "../../design/Icon";
import { Notice } from "../../design/Notice";
import { Loading } from "../../design/Spinner";
import { useInUse } from "../../hooks/useInUse";
import { useLoaded } from "../../hooks/useLoaded";
import { useTitle } from "../../hooks/useTitle";
import { useApi } from "../../session/Session";
import type { CodecChoice } from "../../webrtc/codecs";
import { LocalMedia } from "../../webrtc/local_media";
import { RoomMissing } from "../RoomMissing";
import { ConnectionPanel } from "./ConnectionPanel";
import { Controls } from "./Controls";
import { DevicePanel } from "./DevicePanel";
import { Problems } from "./Problems";
import { SharePanel } from "./SharePanel";
import { Stage } from "./Stage";
import "./Studio.css";
import { useLevel, useSilence } from "./useLevel";
import { usePublisher } from "./usePublisher";
import { useRecorder } from "./useRecorder";

const FRESH_MS = 4_000;

export function Studio({ slug }: { slug: string }) {
  const { rooms } = useApi();
  const load = useCallback((signal: AbortSignal) => rooms.get(slug, signal), [rooms, slug]);
  const room = useLoaded(load, FRESH_MS);
  useTitle(room.data ? `${room.data.name}, studio` : "Studio");
  if (room.missing && !room.data) return <RoomMissing />;
  return (
    <AppShell wide>
      {room.data && <StudioOf key={room.data.room_id} room={room.data} />}
      {!room.data && !room.error && <Loading label="Opening the studio" />}
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

function useLocalMedia() {
  const [media] = useState(() => new LocalMedia());
  useEffect(() => {
    void media.open();
    return () => media.close();
  }, [media]);
  return { media, state: useSyncExternalStore(media.subscribe, media.getState) };
}

function StudioOf({ room }: { room: Room }) {
  const { media, state } = useLocalMedia();
  const publisher = usePublisher(room.slug, media, state);
  const recorder = useRecorder(room);
  const [codec, setCodec] = useState<CodecChoice>("auto");
  const { phase } = publisher.state;
  const onAir = phase === "connected" || phase === "recovering" || phase === "connecting";
  // Who sends sound alone touches nothing, and no picture of theirs plays.
  useInUse(onAir);
  const leaving = useLeaving(onAir);
  const level = useLevel(state.audio);
  const silent = useSilence(level, state.microphoneOn);
  // A broadcast that has ended leaves nothing to record.
  const end = async () => {
    const mine = phase !== "connecting" && room.may.record && recorder.phase === "on";
    const stopping = mine ? recorder.stop() : null;
    publisher.end();
    await stopping;
  };
  return (
    <>
      <div className="page-head">
        <div className="page-head-words">
          <Link href="/" className="back-link" onClick={leaving.guard}>
            <Icon name="back" size={16} />
            Rooms
          </Link>
          <h1>{room.name}</h1>
        </div>
      </div>
      <Problems
        media={media}
        mediaState={state}
        publisher={publisher}
        codec={codec}
        room={room}
        silent={silent}
      />
      <div className="studio">
        <div className="studio-main">
          <Stage mediaState={state} publisher={publisher} recorder={recorder} />
          <Controls
            media={media}
            mediaState={state}
            publisher={publisher}
            recorder={recorder}
            mayRecord={room.may.record}
            onEnd={() => void end()}
            onGoLive={() => publisher.goLive(codec)}
          />
        </div>
        <div className="studio-side">
          <SharePanel room={room} />
          <DevicePanel
            media={media}
            mediaState={state}
            codec={codec}
            onCodec={setCodec}
            codecLocked={onAir}
            level={level}
          />
          {phase === "connected" && <ConnectionPanel stats={publisher.stats} />}
        </div>
      </div>
      <Dialog title="You are live" open={leaving.asking} onClose={leaving.stay}>
        <p className="soft">Leaving the studio ends the broadcast for everyone who is watching.</p>
        <DialogActions>
          <Button onClick={leaving.stay}>Stay</Button>
          <Button tone="danger" onClick={() => void end().then(leaving.leave)}>
            End and leave
          </Button>
        </DialogActions>
      </Dialog>
    </>
  );
}

/** Asks before a broadcast is left: by our dialog within the pages, by the browser's own elsewhere. */
function useLeaving(onAir: boolean) {
  const [asking, setAsking] = useState(false);
  const [, go] = useLocation();
  useEffect(() => {
    if (!onAir) return;
    const warn = (event: BeforeUnloadEvent) => event.preventDefault();
    window.addEventListener("beforeunload", warn);
    return () => window.removeEventListener("beforeunload", warn);
  }, [onAir]);
  return {
    asking,
    guard: (event: { preventDefault: () => void }) => {
      if (!onAir) return;
      event.preventDefault();
      setAsking(true);
    },
    stay: () => setAsking(false),
    leave: () => go("/"),
  };
}
