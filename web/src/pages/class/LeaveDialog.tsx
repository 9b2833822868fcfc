/** Staff are asked whether they leave alone or end the class for all. */
import { useState } from "react";
import { Button } from "../../design/Button";
import { Dialog, DialogActions } from "../../design/Dialog";
import { plural } from "../../format";
import { useAct, useClass, useClassState } from "./useClass";
import { useClassView } from "./useClassView";

export function LeaveDialog() {
  const { session } = useClass();
  const { people, lobby } = useClassState();
  const { dialog, openDialog } = useClassView();
  const [busy, setBusy] = useState(false);
  const act = useAct();
  const others = people.length - 1;
  const endForAll = async () => {
    setBusy(true);
    await act("end-room");
    setBusy(false);
    openDialog(null);
  };
  return (
    <Dialog title="Leave the class?" open={dialog === "leave"} onClose={() => openDialog(null)}>
      <p className="soft">
        {others > 0
          ? `${plural(others, "person stays", "people stay")} when you leave. Ending it sends everybody out.`
          : "You are the only one here."}
      </p>
      <DialogActions>
        <Button onClick={() => session.leave()} data-testid="leave-alone">
          Leave
        </Button>
        {lobby !== null && (
          <Button tone="danger" busy={busy} onClick={() => void endForAll()} data-testid="end-for-all">
            End for all
          </Button>
        )}
      </DialogActions>
    </Dialog>
  );
}
