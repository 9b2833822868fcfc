/** Asks before somebody is removed, and whether they may come back. */
import { useState } from "react";
import { Button } from "../../design/Button";
import { Dialog, DialogActions } from "../../design/Dialog";
import { Switch } from "./Switch";
import { useAct } from "./useClass";
import { useClassView } from "./useClassView";

export function RemoveDialog() {
  const { removing, askRemoval } = useClassView();
  const [ban, setBan] = useState(false);
  const act = useAct();
  const close = () => {
    askRemoval(null);
    setBan(false);
  };
  const remove = async () => {
    if (!removing) return;
    await act("remove", { participantId: removing.id, ...(ban && { ban }) });
    close();
  };
  return (
    <Dialog title={`Remove ${removing?.name ?? ""}?`} open={removing !== null} onClose={close}>
      <p className="soft">They leave the class at once.</p>
      <Switch
        label="Keep them out"
        hint="They cannot come back until the ban is lifted under “What the room allows”."
        on={ban}
        onChange={setBan}
        testId="ban"
      />
      <DialogActions>
        <Button onClick={close}>Cancel</Button>
        <Button tone="danger" onClick={() => void remove()} data-testid="confirm-remove">
          Remove
        </Button>
      </DialogActions>
    </Dialog>
  );
}
