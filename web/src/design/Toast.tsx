/** Short messages at the foot of the window that go away by themselves. */
import {
  createContext,
  type ReactNode,
  useCallback,
  useContext,
  useEffect,
  useMemo,
  useRef,
  useState,
} from "react";
import { IconButton } from "./Button";
import { Icon } from "./Icon";
import "./Toast.css";

/** Long words are shown as long as it takes to read them: 15 characters in a second. */
const shownMs = (text: string) => Math.max(6_000, text.length * 66);

interface Toast {
  id: number;
  text: string;
  tone: "good" | "wrong";
  action?: { label: string; act: () => void };
}

/** Gives what takes the message away before its time. */
type ShowToast = (text: string, options?: Partial<Pick<Toast, "tone" | "action">>) => () => void;

const ToastContext = createContext<ShowToast>(() => () => undefined);

/** Gives the function that shows a message. */
export function useToast(): ShowToast {
  return useContext(ToastContext);
}

export function ToastProvider({ children }: { children: ReactNode }) {
  const [toasts, setToasts] = useState<Toast[]>([]);
  const drop = useCallback((id: number) => setToasts((all) => all.filter((toast) => toast.id !== id)), []);
  const show = useCallback<ShowToast>(
    (text, options) => {
      const id = performance.now() + Math.random();
      setToasts((all) => [...all.slice(-2), { id, text, tone: "good", ...options }]);
      window.setTimeout(() => drop(id), shownMs(text));
      return () => drop(id);
    },
    [drop],
  );
  const value = useMemo(() => show, [show]);
  const box = useRef<HTMLDivElement>(null);
  // A dialog, and what darkens the page behind it, would lie above what is said: before it opened, or after.
  useEffect(() => {
    const element = box.current;
    if (!element?.showPopover) return;
    const raise = () => {
      if (element.matches(":popover-open")) element.hidePopover();
      if (toasts.length > 0 && document.querySelector("dialog[open]")) element.showPopover();
    };
    raise();
    if (toasts.length === 0) return;
    const dialogs = new MutationObserver(raise);
    dialogs.observe(document.body, { subtree: true, attributeFilter: ["open"] });
    return () => dialogs.disconnect();
  }, [toasts]);
  return (
    <ToastContext value={value}>
      {children}
      <div ref={box} className="toasts" role="status" aria-live="polite" popover="manual">
        {toasts.map((toast) => (
          <ToastCard key={toast.id} toast={toast} onDrop={() => drop(toast.id)} />
        ))}
      </div>
    </ToastContext>
  );
}

function ToastCard({ toast, onDrop }: { toast: Toast; onDrop: () => void }) {
  const act = () => {
    toast.action?.act();
    onDrop();
  };
  return (
    <div className={`toast toast-${toast.tone}`} data-testid="toast">
      <Icon name={toast.tone === "good" ? "check" : "warning"} size={18} />
      <span className="toast-text">{toast.text}</span>
      {toast.action && (
        <button type="button" className="toast-action" onClick={act}>
          {toast.action.label}
        </button>
      )}
      <IconButton icon="close" label="Dismiss" size="small" onClick={onDrop} />
    </div>
  );
}
