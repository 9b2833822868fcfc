/** The keys of the class. */
import type { ClassActions } from "./useClassActions";

/** For the help: keys and what they do. */
export const SHORTCUTS: readonly (readonly [keys: string, does: string])[] = [
  ["M", "Mute, unmute"],
  ["V", "Camera on, off"],
  ["S", "Share the screen, stop it"],
  ["H", "Raise, lower the hand"],
  ["R", "React"],
  ["G", "All alike, or the speaker large"],
  ["C", "Chat"],
  ["P", "People"],
  ["Esc", "Close what is open"],
  ["?", "This help"],
];

const ACTIONS: Readonly<Record<string, (act: ClassActions) => void>> = {
  m: (act) => act.can.speak && act.toggleMicrophone(),
  v: (act) => act.can.camera && act.toggleCamera(),
  s: (act) => act.can.share && act.toggleScreen(),
  h: (act) => act.can.hand && act.toggleHand(),
  r: (act) => act.can.react && act.view.setReacting(!act.view.reacting),
  g: (act) => act.view.toggleView(),
  c: (act) => act.can.chat && act.view.togglePanel("chat"),
  p: (act) => act.view.togglePanel("people"),
  "?": (act) => act.view.openDialog("keys"),
  Escape: (act) => (act.view.reacting ? act.view.setReacting(false) : act.view.closePanel()),
};

const FIELDS = "input, textarea, select, [contenteditable]";

/** Does what a key stands for; true when it stood for something. Keys typed into fields are left alone. */
export function handleKey(event: KeyboardEvent, act: ClassActions): boolean {
  if (event.ctrlKey || event.metaKey || event.altKey || event.repeat || event.defaultPrevented) return false;
  const target = event.target instanceof HTMLElement ? event.target : null;
  if (target?.closest("dialog, [role=menu]")) return false;
  if (target?.closest(FIELDS) && event.key !== "Escape") return false;
  const action = ACTIONS[event.key.length === 1 ? event.key.toLowerCase() : event.key];
  action?.(act);
  return action !== undefined;
}
