/** Short messages at the foot of the window that go away by themselves. */
import {
  createContext,
  type ReactNode,
  type Ref,
  useCallback,
  useContext,
  useLayoutEffect,
  useRef,
  useState,
} from "react";
import { createPortal } from "react-dom";
import { IconButton } from "./Button";
import { Icon } from "./Icon";
import "./Toast.css";

/** Long words are shown as long as it takes to read them: 15 characters in a second. */
const shownMs = (text: string) => Math.max(6_000, text.length * 66);

/** What somebody points at or has the focus in stays; it is looked at again after so long. */
const HELD_MS = 1_500;

interface Toast {
  id: number;
  text: string;
  tone: "good" | "wrong";
  action?: { label: string; act: () => void };
}

/** Gives what takes the message away before its time. */
type ShowToast = (text: string, options?: Partial<Pick<Toast, "tone" | "action">>) => () => void;

const ToastContext = createContext<ShowToast>(() => () => undefined);

/** Has messages shown in an element of the dialog that is opened; gives what has them shown where they were before. */
type EnterPlace = (place: HTMLElement) => () => void;

const PlaceContext = createContext<EnterPlace>(() => () => undefined);

/** Gives the function that shows a message. */
export function useToast(): ShowToast {
  return useContext(ToastContext);
}

export function ToastProvider({ children }: { children: ReactNode }) {
  const [toasts, setToasts] = useState<Toast[]>([]);
  const [ofPage, setOfPage] = useState<HTMLElement | null>(null);
  const [ofDialogs, setOfDialogs] = useState<HTMLElement[]>([]);
  const cards = useRef(new Map<number, HTMLElement>());
  const drop = useCallback((id: number) => setToasts((all) => all.filter((toast) => toast.id !== id)), []);
  const show = useCallback<ShowToast>(
    (text, options) => {
      const id = performance.now() + Math.random();
      setToasts((all) => [...all.slice(-2), { id, text, tone: "good", ...options }]);
      const end = () => {
        if (cards.current.get(id)?.matches(":hover, :focus-within")) window.setTimeout(end, HELD_MS);
        else drop(id);
      };
      window.setTimeout(end, shownMs(text));
      return () => drop(id);
    },
    [drop],
  );
  const enter = useCallback<EnterPlace>((place) => {
    setOfDialogs((all) => [...all, place]);
    return () => setOfDialogs((all) => all.filter((one) => one !== place));
  }, []);
  const place = ofDialogs.at(-1) ?? ofPage;
  const shown = toasts.map((toast) => (
    <ToastCard
      key={toast.id}
      toast={toast}
      onDrop={() => drop(toast.id)}
      ref={(card) => {
        if (card) cards.current.set(toast.id, card);
        return () => {
          if (cards.current.get(toast.id) === card) cards.current.delete(toast.id);
        };
      }}
    />
  ));
  return (
    <ToastContext value={show}>
      <PlaceContext value={enter}>
        {children}
        <div ref={setOfPage} {...PLACE} />
        {place && createPortal(shown, place)}
      </PlaceContext>
    </ToastContext>
  );
}

/** Where messages are shown. It is there before they are, for screen readers to hear them. */
const PLACE = { className: "toasts", role: "status", "aria-live": "polite" } as const;

/** The place in a modal dialog, as long as it is open: all that is not in it is neither read out nor within reach. */
export function ToastPlace() {
  const box = useRef<HTMLDivElement>(null);
  const enter = useContext(PlaceContext);
  useLayoutEffect(() => (box.current ? enter(box.current) : undefined), [enter]);
  return <div ref={box} {...PLACE} />;
}

interface CardProps {
  toast: Toast;
  onDrop: () => void;
  ref: Ref<HTMLDivElement>;
}

function ToastCard({ toast, onDrop, ref }: CardProps) {
  const act = () => {
    toast.action?.act();
    onDrop();
  };
  return (
    <div ref={ref} className={`toast toast-${toast.tone}`} data-testid="toast">
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
