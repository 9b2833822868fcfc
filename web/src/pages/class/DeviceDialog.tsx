/** Camera, microphone and loudspeaker, changed in the middle of the class. */
import { Button } from "../../design/Button";
import { Dialog, DialogActions } from "../../design/Dialog";
import { Meter } from "../../design/Meter";
import { Notice } from "../../design/Notice";
import { useLevel } from "../studio/useLevel";
import { DeviceFields } from "./DeviceFields";
import "./DeviceDialog.css";
import { Picture } from "./Picture";
import { useOwnMedia } from "./useClass";
import { useClassView } from "./useClassView";

export function DeviceDialog() {
  const { dialog, openDialog } = useClassView();
  const close = () => openDialog(null);
  return (
    <Dialog title="Camera and sound" open={dialog === "devices"} onClose={close}>
      <Devices />
      <DialogActions>
        <Button tone="primary" onClick={close}>
          Done
        </Button>
      </DialogActions>
    </Dialog>
  );
}

function Devices() {
  const { camera, microphone, problem } = useOwnMedia();
  const level = useLevel(microphone);
  return (
    <>
      {problem && (
        <Notice tone="warn" title={problem.title}>
          {problem.advice}
        </Notice>
      )}
      {camera && (
        <div className="devices-preview">
          <Picture track={camera} mirrored label="You" />
        </div>
      )}
      <DeviceFields />
      {level && <Meter label="Microphone level" readLevel={level.read} />}
    </>
  );
}
