/** Short messages at the foot of the window that go away by themselves. */
import {
  createContext,
  type ReactNode,
  type Ref,
  type RefObject,
  useCallback,
  useContext,
  useLayoutEffect,
  useRef,
  useState,
} from "react";
import { createPortal } from "react-dom";
import { IconButton } from "./Button";
import { Icon } from "./Icon";
import { Cards } from "./toast_cards";
import "./Toast.css";

/** Long words are shown as long as it takes to read them: 15 characters in a second. */
const shownMs = (text: string) => Math.max(6_000, text.length * 66);

/** What somebody points at or has the focus in stays; it is looked at again after so long. */
const HELD_MS = 1_500;

const MOST = 3;

interface Toast {
  id: number;
  since_ms: number;
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
  const ofPage = useRef<HTMLDivElement>(null);
  const { cards, enter } = useCards(ofPage);
  const drop = useCallback((id: number) => setToasts((all) => all.filter((toast) => toast.id !== id)), []);
  const show = useCallback<ShowToast>(
    (text, options) => {
      const since_ms = performance.now();
      const id = since_ms + Math.random();
      const toast: Toast = { id, since_ms, text, tone: "good", ...options };
      setToasts((all) => [...fewer(all, cards.isHeld), toast]);
      const end = () => {
        if (cards.isHeld(id)) window.setTimeout(end, HELD_MS);
        else drop(id);
      };
      window.setTimeout(end, shownMs(text));
      return () => drop(id);
    },
    [cards, drop],
  );
  const shown = toasts.map((toast) => (
    <ToastCard
      key={toast.id}
      toast={toast}
      onDrop={() => drop(toast.id)}
      ref={(card) => (card ? cards.add(toast.id, card, toast.since_ms) : undefined)}
    />
  ));
  return (
    <ToastContext value={show}>
      <PlaceContext value={enter}>
        {children}
        <div ref={ofPage} {...PLACE} />
        {createPortal(shown, cards.box)}
      </PlaceContext>
    </ToastContext>
  );
}

/** The newest, so that there are not too many with one more; what is held stays before others. */
function fewer(all: readonly Toast[], isHeld: (id: number) => boolean): Toast[] {
  const left = [...all];
  while (left.length >= MOST) {
    const first = left.findIndex(({ id }) => !isHeld(id));
    left.splice(Math.max(first, 0), 1);
  }
  return left;
}

/** The cards in the page, and the way into another place: they are moved as they are, not made anew. */
function useCards(ofPage: RefObject<HTMLElement | null>) {
  const [cards] = useState(() => new Cards());
  const dialogs = useRef<HTMLElement[]>([]);
  const move = useCallback(() => cards.moveTo(dialogs.current.at(-1) ?? ofPage.current), [cards, ofPage]);
  const enter = useCallback<EnterPlace>(
    (place) => {
      dialogs.current = [...dialogs.current, place];
      move();
      return () => {
        dialogs.current = dialogs.current.filter((one) => one !== place);
        move();
      };
    },
    [move],
  );
  useLayoutEffect(move, [move]);
  return { cards, enter };
}

/** Where messages are shown. It is there before they are, for screen readers to hear them: each by itself. */
const PLACE = { className: "toasts", role: "status", "aria-live": "polite", "aria-atomic": false } as const;

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
