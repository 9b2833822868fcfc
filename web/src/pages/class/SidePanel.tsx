/** The panel beside the stage; in a narrow window below it. */
import { type ReactNode, useEffect, useRef } from "react";
import { IconButton } from "../../design/Button";
import { BreakoutsPanel } from "./BreakoutsPanel";
import { CaptionsPanel } from "./CaptionsPanel";
import { ChatPanel } from "./ChatPanel";
import { LivePanel } from "./LivePanel";
import { PeoplePanel } from "./PeoplePanel";
import { PollsPanel } from "./PollsPanel";
import { RoomPanel } from "./RoomPanel";
import "./SidePanel.css";
import { useClassState } from "./useClass";
import { type PanelName, useClassView } from "./useClassView";

const PANELS: Readonly<Record<PanelName, readonly [title: string, Body: () => ReactNode]>> = {
  people: ["People", PeoplePanel],
  chat: ["Chat", ChatPanel],
  polls: ["Polls", PollsPanel],
  breakouts: ["Breakout rooms", BreakoutsPanel],
  room: ["What the room allows", RoomPanel],
  captions: ["Captions", CaptionsPanel],
  live: ["How the class goes", LivePanel],
};

export function SidePanel() {
  const { panel: wanted, closePanel } = useClassView();
  const { may } = useClassState();
  // Who is no longer staff is not told how the class goes.
  const isRefused = wanted === "live" && !may.moderate;
  const panel = isRefused ? null : wanted;
  const head = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    if (isRefused) closePanel();
  }, [isRefused, closePanel]);
  useEffect(() => {
    if (!panel) return;
    const before = document.activeElement;
    // These take the focus into their field themselves.
    if (panel !== "chat" && panel !== "captions") head.current?.focus();
    return () => {
      const isLost = document.activeElement === document.body || document.activeElement === null;
      if (isLost && before instanceof HTMLElement) before.focus();
    };
  }, [panel]);
  if (!panel) return null;
  const [title, Body] = PANELS[panel];
  return (
    <aside className="side" aria-label={title} data-testid={`side-${panel}`}>
      <header className="side-head">
        <h2 ref={head} tabIndex={-1}>
          {title}
        </h2>
        <IconButton
          icon="close"
          label={`Close ${title}`}
          size="small"
          onClick={closePanel}
          data-testid="close-side"
        />
      </header>
      <Body />
    </aside>
  );
}
