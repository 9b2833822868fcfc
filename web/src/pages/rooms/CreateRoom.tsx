import { useState } from "react";
import { isSlug, type Room, slugOf } from "../../api/rooms";
import { Dialog } from "../../design/Dialog";
import { Field } from "../../design/Field";
import { Notice } from "../../design/Notice";
import { useForm } from "../../hooks/useForm";
import { useApi } from "../../session/Session";
import { FormEnds } from "../Submit";

interface Props {
  open: boolean;
  onClose: () => void;
  onCreated: (room: Room) => void;
}

export function CreateRoom(props: Props) {
  return (
    <Dialog title="New room" open={props.open} onClose={props.onClose}>
      <CreateRoomForm {...props} />
    </Dialog>
  );
}

function CreateRoomForm({ onClose, onCreated }: Props) {
  const { rooms } = useApi();
  const [name, setName] = useState("");
  const [slug, setSlug] = useState<string | null>(null);
  const address = slug ?? slugOf(name);
  const form = useForm(["room_name", "room_id"], async () => {
    onCreated(await rooms.create(name.trim(), address));
    onClose();
  });
  const badAddress = slug !== null && slug !== "" && !isSlug(slug);
  return (
    <form className="form" onSubmit={form.onSubmit}>
      {form.error && <Notice tone="wrong">{form.error}</Notice>}
      <Field
        label="Name"
        name="room_name"
        required
        autoFocus
        maxLength={255}
        placeholder="Algebra II"
        value={name}
        onChange={(event) => setName(event.target.value)}
        error={form.fields.room_name ?? form.fields.name}
        data-testid="room-name"
      />
      <Field
        label="Address"
        name="room_id"
        maxLength={64}
        pattern="[A-Za-z0-9_\-]{1,64}"
        title="Use letters, digits, hyphens and underscores only."
        placeholder="algebra-ii"
        value={address}
        onChange={(event) => setSlug(event.target.value)}
        hint={`People watch at ${window.location.host}/rooms/${address || "…"}/watch`}
        error={
          badAddress
            ? "Use letters, digits, hyphens and underscores only."
            : (form.fields.room_id ?? form.fields.slug)
        }
        data-testid="room-slug"
      />
      <FormEnds form={form} onCancel={onClose} data-testid="create-room-submit">
        Create room
      </FormEnds>
    </form>
  );
}
