/** The keys and what they do. */
import { Dialog } from "../../design/Dialog";
import "./KeysDialog.css";
import { SHORTCUTS } from "./shortcuts";
import { useClassView } from "./useClassView";

export function KeysDialog() {
  const { dialog, openDialog } = useClassView();
  return (
    <Dialog title="Keys" open={dialog === "keys"} onClose={() => openDialog(null)}>
      <dl className="keys">
        {SHORTCUTS.map(([keys, does]) => (
          <div key={keys}>
            <dt>
              <kbd>{keys}</kbd>
            </dt>
            <dd>{does}</dd>
          </div>
        ))}
      </dl>
    </Dialog>
  );
}
