/** How long the recordings of a room are kept. */
import { useMemo } from "react";
import type { Room } from "../../api/rooms";
import { Button } from "../../design/Button";
import { Dialog, DialogActions } from "../../design/Dialog";
import { useToast } from "../../design/Toast";
import { useApi } from "../../session/Session";
import { TermForm } from "../TermForm";

export function RoomTerm({
  room,
  admin,
  onClose,
}: {
  room: Room | null;
  admin: boolean;
  onClose: () => void;
}) {
  return (
    <Dialog title="How long recordings are kept" open={room !== null} onClose={onClose}>
      {room && <OfRoom room={room} admin={admin} onClose={onClose} />}
    </Dialog>
  );
}

function OfRoom({ room, admin, onClose }: { room: Room; admin: boolean; onClose: () => void }) {
  const { recordings } = useApi();
  const toast = useToast();
  const of = useMemo(
    () => ({
      usual: "As long as the server keeps all",
      read: (signal: AbortSignal) => recordings.term(room.room_id, signal),
      set: (days: number | null) => recordings.setTerm(room.room_id, days),
    }),
    [recordings, room.room_id],
  );
  return (
    <>
      <p>
        This is about recordings made in “{room.name}”. What is filed in a course is kept as the course says,
        where it says anything.
      </p>
      <TermForm of={of} admin={admin} onSet={() => toast("Saved.")} />
      <DialogActions>
        <Button onClick={onClose}>Close</Button>
      </DialogActions>
    </>
  );
}
