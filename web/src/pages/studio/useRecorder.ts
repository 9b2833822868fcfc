/** Recording the room: start, stop, and what is running already when the page opens. */
import { useCallback, useEffect, useState } from "react";
import { useLocation } from "wouter";
import { sentence } from "../../api/problem";
import type { Room } from "../../api/rooms";
import { useToast } from "../../design/Toast";
import { day } from "../../format";
import { useApi } from "../../session/Session";
import { lookAgain } from "./look_again";

export interface Recorder {
  phase: "off" | "starting" | "on" | "stopping";
  /** When the running recording began, in milliseconds. */
  since_ms: number | null;
  /** `with_tracks`: what each participant sends is recorded by itself, too. */
  start: (with_tracks?: boolean) => Promise<void>;
  stop: () => Promise<void>;
}

/** The room has been read anew within this time. */
const SETTLE_MS = 10_000;

interface Running {
  id: string;
  since_ms: number;
}

/** `openIn` a new tab leaves what is going on here as it is. */
export function useRecorder(room: Room, openIn: "place" | "tab" = "place"): Recorder {
  const { recordings } = useApi();
  const [, go] = useLocation();
  const toast = useToast();
  const [running, setRunning] = useState<Running | null>(null);
  const [busy, setBusy] = useState<"starting" | "stopping" | null>(null);

  useEffect(() => {
    if (busy || running || !room.recording) return;
    // A room says that it is recorded before its recording can be found.
    const find = async () => {
      const { items: found } = await recordings.list({
        roomId: room.room_id,
        status: "recording",
        limit: 1,
      });
      return found[0];
    };
    return lookAgain(find, ({ recording_id, started_at }) =>
      setRunning({ id: recording_id, since_ms: Date.parse(started_at) }),
    );
  }, [room.recording, room.room_id, running, busy, recordings]);

  useEffect(() => {
    // Ended by somebody else. Right after our own start the room may still be as it was read before.
    const isOld = running !== null && Date.now() - running.since_ms > SETTLE_MS;
    if (!busy && isOld && !room.recording) setRunning(null);
  }, [room, busy, running]);

  const start = useCallback(
    async (with_tracks = false) => {
      setBusy("starting");
      try {
        const title = `${room.name}, ${day(new Date().toISOString())}`;
        const started = await recordings.start(room.room_id, title, with_tracks ? "both" : "program");
        setRunning({ id: started.recording_id, since_ms: Date.now() });
        if (started.message) toast(started.message, { tone: "wrong" });
      } catch (error) {
        toast(sentence(error), { tone: "wrong" });
      } finally {
        setBusy(null);
      }
    },
    [recordings, room.room_id, room.name, toast],
  );

  const stop = useCallback(async () => {
    if (!running) return;
    setBusy("stopping");
    try {
      const stopped = await recordings.stop(running.id);
      setRunning(null);
      const page = `/recordings/${running.id}`;
      const open = () => (openIn === "tab" ? void window.open(page, "_blank") : go(page));
      const watch = { label: "Watch it", act: open };
      toast(stopped.message ?? "The recording is ready.", { action: watch });
    } catch (error) {
      toast(sentence(error), { tone: "wrong" });
    } finally {
      setBusy(null);
    }
  }, [recordings, running, toast, go, openIn]);

  return { phase: busy ?? (running ? "on" : "off"), since_ms: running?.since_ms ?? null, start, stop };
}
