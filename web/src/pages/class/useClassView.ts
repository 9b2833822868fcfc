/** What this one person has opened and chosen on the page; nobody else sees it. */
import { createContext, useContext, useMemo, useState } from "react";
import type { Person } from "../../class/parts/people";
import type { View } from "../../class/tiles";

export type PanelName = "people" | "chat" | "polls" | "breakouts" | "room" | "captions" | "live";
export type DialogName = "devices" | "keys" | "leave";

export interface ClassView {
  panel: PanelName | null;
  dialog: DialogName | null;
  reacting: boolean;
  view: View;
  /** The tile that is large for this one alone. */
  ownPin: string | null;
  /** Somebody who is about to be removed. */
  removing: Person | null;
  togglePanel: (panel: PanelName) => void;
  openPanel: (panel: PanelName) => void;
  closePanel: () => void;
  openDialog: (dialog: DialogName | null) => void;
  setReacting: (on: boolean) => void;
  toggleView: () => void;
  togglePin: (key: string) => void;
  askRemoval: (person: Person | null) => void;
}

export const ClassViewContext = createContext<ClassView | null>(null);

export function useClassView(): ClassView {
  const value = useContext(ClassViewContext);
  if (!value) throw new Error("useClassView is used outside a class.");
  return value;
}

export function useNewClassView(): ClassView {
  const [panel, setPanel] = useState<PanelName | null>(null);
  const [dialog, openDialog] = useState<DialogName | null>(null);
  const [reacting, setReacting] = useState(false);
  const [view, setView] = useState<View>("grid");
  const [ownPin, setOwnPin] = useState<string | null>(null);
  const [removing, askRemoval] = useState<Person | null>(null);
  return useMemo(
    () => ({
      panel,
      dialog,
      reacting,
      view,
      ownPin,
      removing,
      askRemoval,
      togglePanel: (wanted) => setPanel((now) => (now === wanted ? null : wanted)),
      openPanel: setPanel,
      closePanel: () => setPanel(null),
      openDialog,
      setReacting,
      toggleView: () => setView((now) => (now === "grid" ? "speaker" : "grid")),
      togglePin: (key) => setOwnPin((now) => (now === key ? null : key)),
    }),
    [panel, dialog, reacting, view, ownPin, removing],
  );
}
