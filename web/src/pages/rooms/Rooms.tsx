/** The rooms: which there are, which are live, and the way into each. */
import { useCallback, useState } from "react";
import { useLocation } from "wouter";
import { sentence } from "../../api/problem";
import type { Room } from "../../api/rooms";
import { AppShell } from "../../design/AppShell";
import { Button } from "../../design/Button";
import { Dialog, DialogActions } from "../../design/Dialog";
import { EmptyState } from "../../design/EmptyState";
import { Notice } from "../../design/Notice";
import { Loading } from "../../design/Spinner";
import { useToast } from "../../design/Toast";
import { useLoaded } from "../../hooks/useLoaded";
import { useTitle } from "../../hooks/useTitle";
import { awaitsApproval, isAdmin, mayTeach, useApi, useSession } from "../../session/Session";
import { ApprovalBanner } from "../Approval";
import { JoinByCode } from "../courses/JoinByCode";
import { CreateRoom } from "./CreateRoom";
import { RoomCard } from "./RoomCard";
import { RoomSpace } from "./RoomSpace";
import { RoomTerm } from "./RoomTerm";
import "./Rooms.css";

const FRESH_MS = 5_000;
/** Pages of the list that are read at most; a school has tens of rooms, not thousands. */
const MAX_PAGES = 10;

export function Rooms() {
  return (
    <AppShell place="/rooms">
      <RoomsInside />
    </AppShell>
  );
}

/** The same for a page that has its shell already. */
export function RoomsInside() {
  useTitle("Rooms");
  const { state } = useSession();
  if (!awaitsApproval(state)) return <RoomList />;
  return (
    <>
      <div className="page-head">
        <h1>Rooms</h1>
      </div>
      <ApprovalBanner />
    </>
  );
}

function RoomList() {
  const { rooms } = useApi();
  const { state } = useSession();
  const [, go] = useLocation();
  const [creating, setCreating] = useState(false);
  const [joining, setJoining] = useState(false);
  const signedIn = state.phase === "ready" && state.user !== null;
  const [doomed, setDoomed] = useState<Room | null>(null);
  const [measured, setMeasured] = useState<Room | null>(null);
  const [aging, setAging] = useState<Room | null>(null);
  const load = useCallback(async () => {
    const all: Room[] = [];
    let cursor: string | undefined;
    for (let page = 0; page < MAX_PAGES; page += 1) {
      const { items, next_cursor } = await rooms.list(cursor);
      all.push(...items);
      if (!next_cursor) break;
      cursor = next_cursor;
    }
    return all.sort((a, b) => Number(b.live) - Number(a.live));
  }, [rooms]);
  const { data, error, reload } = useLoaded(load, FRESH_MS);
  const mayCreate = mayTeach(state);
  const createButton = (
    <Button tone="primary" icon="plus" onClick={() => setCreating(true)} data-testid="create-room">
      New room
    </Button>
  );
  const joinButton = signedIn && (
    <Button tone="primary" icon="plus" onClick={() => setJoining(true)} data-testid="join-first-course">
      Join a course
    </Button>
  );
  return (
    <>
      <div className="page-head">
        <h1>Rooms</h1>
        {mayCreate && data && data.length > 0 && createButton}
      </div>
      {error && (
        <Notice
          tone="wrong"
          action={
            <Button size="small" onClick={() => void reload()}>
              Try again
            </Button>
          }
        >
          {error}
        </Notice>
      )}
      {!data && !error && <Loading label="Loading rooms" />}
      {data?.length === 0 && (
        <EmptyState icon="door" title="No rooms yet" action={mayCreate ? createButton : joinButton}>
          {mayCreate
            ? "A room is where a class is held. Make one, go live from its studio, and share the watch link. Lessons with people, recordings and grades begin in Courses."
            : "Join a course with the code that its teacher tells. Rooms that are open to you appear here, too."}
        </EmptyState>
      )}
      {data && data.length > 0 && (
        <ul className="rooms" data-testid="rooms">
          {data.map((room) => (
            <RoomCard
              key={room.room_id}
              room={room}
              onSpace={() => setMeasured(room)}
              onTerm={() => setAging(room)}
              onDelete={() => setDoomed(room)}
            />
          ))}
        </ul>
      )}
      <CreateRoom
        open={creating}
        onClose={() => setCreating(false)}
        onCreated={(room) => go(`/rooms/${room.slug}/studio`)}
      />
      <JoinByCode open={joining} onClose={() => setJoining(false)} />
      <RoomSpace room={measured} admin={isAdmin(state)} onClose={() => setMeasured(null)} />
      <RoomTerm room={aging} admin={isAdmin(state)} onClose={() => setAging(null)} />
      <DeleteRoom room={doomed} onClose={() => setDoomed(null)} onDeleted={() => void reload()} />
    </>
  );
}

function DeleteRoom({
  room,
  onClose,
  onDeleted,
}: {
  room: Room | null;
  onClose: () => void;
  onDeleted: () => void;
}) {
  const { rooms } = useApi();
  const toast = useToast();
  const [busy, setBusy] = useState(false);
  const remove = async () => {
    if (!room) return;
    setBusy(true);
    try {
      await rooms.delete(room.room_id);
      toast(`“${room.name}” was deleted.`);
      onDeleted();
    } catch (error) {
      toast(sentence(error), { tone: "wrong" });
    } finally {
      setBusy(false);
      onClose();
    }
  };
  return (
    <Dialog title="Delete this room?" open={room !== null} onClose={onClose}>
      <p className="soft">
        “{room?.name}” will be gone, and its links with it. {room?.live && "Who is in it now is sent out. "}
        Its recordings stay.
      </p>
      <DialogActions>
        <Button onClick={onClose}>Keep it</Button>
        <Button tone="danger" busy={busy} onClick={() => void remove()} data-testid="confirm-delete">
          Delete room
        </Button>
      </DialogActions>
    </Dialog>
  );
}
