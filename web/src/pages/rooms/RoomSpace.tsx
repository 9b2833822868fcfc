/** What the recordings of a room take and may: staff look, administrators set it. */
import { useCallback, useState } from "react";
import type { RecordingUsage } from "../../api/recordings";
import type { Room } from "../../api/rooms";
import { Button } from "../../design/Button";
import { Dialog, DialogActions } from "../../design/Dialog";
import { Field, SelectField } from "../../design/Field";
import { Notice } from "../../design/Notice";
import { Loading } from "../../design/Spinner";
import { useToast } from "../../design/Toast";
import { bytes } from "../../format";
import { useForm } from "../../hooks/useForm";
import { useLoaded } from "../../hooks/useLoaded";
import { useApi } from "../../session/Session";
import { FormTrouble } from "../FormTrouble";
import { bytesOf, gigabytesOf } from "../gigabytes";
import { Submit } from "../Submit";

const ANY_NUMBER = 0;

export function RoomSpace({
  room,
  admin,
  onClose,
}: {
  room: Room | null;
  admin: boolean;
  onClose: () => void;
}) {
  return (
    <Dialog title="Space for recordings" open={room !== null} onClose={onClose}>
      {room && <Space room={room} admin={admin} onClose={onClose} />}
    </Dialog>
  );
}

function Space({ room, admin, onClose }: { room: Room; admin: boolean; onClose: () => void }) {
  const { recordings } = useApi();
  const load = useCallback(
    (signal: AbortSignal) => recordings.usageOf(room.room_id, signal),
    [recordings, room.room_id],
  );
  const { data, error } = useLoaded(load);
  return (
    <>
      {error && <Notice tone="wrong">{error}</Notice>}
      {!data && !error && <Loading label="Adding up its recordings" />}
      {data && <Told usage={data} name={room.name} />}
      {data && admin && <Allow room={room} usage={data} onClose={onClose} />}
      {!(data && admin) && (
        <DialogActions>
          <Button onClick={onClose}>Close</Button>
        </DialogActions>
      )}
    </>
  );
}

function Told({ usage, name }: { usage: RecordingUsage; name: string }) {
  const own = usage.rooms[0];
  return (
    <>
      {usage.warning && <Notice tone="warn">{usage.warning}</Notice>}
      {own && (
        <p data-testid="room-space">
          {own.allowed_bytes === null
            ? `The recordings of “${name}” take ${bytes(own.used_bytes)}; there is no limit.`
            : `The recordings of “${name}” take ${bytes(own.used_bytes)} of ${bytes(own.allowed_bytes)}.`}
        </p>
      )}
      {usage.others.map((one) => (
        <p className="soft" key={one.whose}>
          {one.allowed_bytes === null
            ? `They count for ${one.whose} too: ${bytes(one.used_bytes)}.`
            : `They count for ${one.whose} too: ${bytes(one.used_bytes)} of ${bytes(one.allowed_bytes)}.`}
        </p>
      ))}
      <p className="soft">The trash counts. With all of it used, no recording starts here.</p>
    </>
  );
}

function Allow({ room, usage, onClose }: { room: Room; usage: RecordingUsage; onClose: () => void }) {
  const { recordings } = useApi();
  const toast = useToast();
  const own = usage.rooms[0]?.own_bytes ?? null;
  const [way, setWay] = useState(own === null ? "usual" : own === ANY_NUMBER ? "any" : "own");
  const form = useForm(["bytes"], async ({ bytes: typed = "" }) => {
    const wish = { usual: null, any: ANY_NUMBER, own: bytesOf(typed) }[way] ?? null;
    await recordings.setQuota(room.room_id, wish);
    toast(`Space for “${room.name}” was set.`);
    onClose();
  });
  return (
    <form className="form" onSubmit={form.onSubmit}>
      <FormTrouble form={form} />
      <SelectField
        label="They may take"
        name="way"
        value={way}
        onChange={(event) => setWay(event.target.value)}
        data-testid="space-way"
      >
        <option value="usual">What the server gives every room</option>
        <option value="any">No limit</option>
        <option value="own">A size of its own</option>
      </SelectField>
      {way === "own" && (
        <Field
          label="Gigabytes"
          name="bytes"
          type="number"
          min={0.001}
          step="any"
          required
          defaultValue={gigabytesOf(own || null)}
          error={form.fields.bytes}
          data-testid="space-gigabytes"
        />
      )}
      <DialogActions>
        <Button onClick={onClose}>Cancel</Button>
        <Submit form={form} data-testid="save-space">
          Set
        </Submit>
      </DialogActions>
    </form>
  );
}
