/** A question that must be answered first: the browser's own modal dialog keeps the focus inside. */
import { type ReactNode, useId, useLayoutEffect, useRef, useState } from "react";
import { IconButton } from "./Button";
import { ToastPlace } from "./Toast";
import "./Dialog.css";

export function Dialog({
  title,
  open,
  onClose,
  children,
}: {
  title: string;
  open: boolean;
  onClose: () => void;
  children: ReactNode;
}) {
  const ref = useRef<HTMLDialogElement>(null);
  const stillOpen = useRef(open);
  /** What has the focus in it, or had it last. */
  const focused = useRef<HTMLElement | null>(null);
  const titleId = useId();
  /** What is inside is drawn once the dialog is shown: before that no field of it could take the focus. */
  const [shown, setShown] = useState(false);
  useLayoutEffect(() => {
    stillOpen.current = open;
    const dialog = ref.current;
    if (!dialog) return;
    if (open && !dialog.open) dialog.showModal();
    if (!open && dialog.open) dialog.close();
    setShown(open);
  }, [open]);
  /**
   * The browser closes it at Escape without asking: what is open still, as who keeps it says, is shown again,
   * with the focus where it was. Where the page itself has closed it, nobody has.
   */
  const closed = () => {
    if (!stillOpen.current) return;
    onClose();
    window.setTimeout(() => {
      const dialog = ref.current;
      if (!dialog || !stillOpen.current || dialog.open) return;
      const last = focused.current;
      dialog.showModal();
      last?.focus();
    });
  };
  return (
    <dialog
      ref={ref}
      className="dialog"
      aria-labelledby={titleId}
      onClose={closed}
      onFocus={(event) => {
        focused.current = event.target;
      }}
      onPointerDown={(event) => event.target === ref.current && onClose()}
    >
      {open && (
        <div className="dialog-inside">
          <header className="dialog-head">
            <h2 id={titleId}>{title}</h2>
            <IconButton icon="close" label="Close" size="small" onClick={onClose} />
          </header>
          {shown && children}
        </div>
      )}
      {open && <ToastPlace />}
    </dialog>
  );
}

/** The buttons at a dialog's foot, the one that goes on at the right. */
export function DialogActions({ children }: { children: ReactNode }) {
  return <div className="dialog-actions">{children}</div>;
}
