/** The player's keys. */

export interface PlayerActions {
  togglePlay: () => void;
  /** Seconds, negative for back. */
  skip: (by_s: number) => void;
  /** Share of the whole, 0 to 1. */
  goTo: (share: number) => void;
  toggleSound: () => void;
  changeVolume: (by: number) => void;
  changeSpeed: (step: 1 | -1) => void;
  toggleFullscreen: () => void;
  togglePicture: () => void;
  toggleCaptions: () => void;
  /** Of a recording with tracks of participants. */
  nextPicture: () => void;
  togglePictures: () => void;
  toggleHelp: () => void;
}

/** For the help: keys and what they do. */
export const SHORTCUTS: readonly (readonly [keys: string, does: string])[] = [
  ["Space or K", "Play, pause"],
  ["← →", "5 seconds back, on"],
  ["J L", "10 seconds back, on"],
  ["↑ ↓", "Louder, quieter"],
  ["M", "Sound on, off"],
  ["< >", "Slower, faster"],
  ["0 to 9", "To that tenth"],
  ["C", "Captions on, off"],
  ["F", "Full screen"],
  ["P", "Picture in picture"],
  ["?", "This help"],
];

/** Where there are tracks of participants, these too. */
export const PICTURE_SHORTCUTS: typeof SHORTCUTS = [
  ["V", "Another large picture"],
  ["T", "Small pictures shown, hidden"],
];

const ACTIONS: Readonly<Record<string, (act: PlayerActions) => void>> = {
  " ": (act) => act.togglePlay(),
  k: (act) => act.togglePlay(),
  ArrowLeft: (act) => act.skip(-5),
  ArrowRight: (act) => act.skip(5),
  j: (act) => act.skip(-10),
  l: (act) => act.skip(10),
  ArrowUp: (act) => act.changeVolume(0.1),
  ArrowDown: (act) => act.changeVolume(-0.1),
  m: (act) => act.toggleSound(),
  "<": (act) => act.changeSpeed(-1),
  ">": (act) => act.changeSpeed(1),
  f: (act) => act.toggleFullscreen(),
  c: (act) => act.toggleCaptions(),
  p: (act) => act.togglePicture(),
  v: (act) => act.nextPicture(),
  t: (act) => act.togglePictures(),
  "?": (act) => act.toggleHelp(),
  Home: (act) => act.goTo(0),
};

/** Does what a key stands for; true when it stood for something. Keys typed into fields are left alone. */
export function handleKey(event: KeyboardEvent, act: PlayerActions): boolean {
  const target = event.target;
  const isControl =
    target instanceof HTMLElement && target.closest("input, textarea, select, dialog, [role=menu]");
  if (event.ctrlKey || event.metaKey || event.altKey || isControl) return false;
  // Space on a focused button presses that button.
  if (event.key === " " && target instanceof HTMLElement && target.closest("button, a, summary"))
    return false;
  if (/^[0-9]$/.test(event.key)) {
    act.goTo(Number(event.key) / 10);
    return true;
  }
  const action = ACTIONS[event.key.length === 1 ? event.key.toLowerCase() : event.key];
  action?.(act);
  return action !== undefined;
}
