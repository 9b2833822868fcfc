/** The head of the class: which one, what is going on, how it is shown. */
import { groupOf } from "../../class/parts/breakouts";
import type { View } from "../../class/tiles";
import { Logo } from "../../design/AppShell";
import { Badge } from "../../design/Badge";
import { IconButton } from "../../design/Button";
import { Icon } from "../../design/Icon";
import { clock } from "../../format";
import { useNow } from "../../hooks/useNow";
import { toggleFullscreen } from "../fullscreen";
import { TimeLeft } from "./TimeLeft";
import "./TopBar.css";
import { useClassState } from "./useClass";
import { useClassView } from "./useClassView";
import { useLargeAnyway } from "./useTiles";

export function TopBar() {
  const state = useClassState();
  const { view, toggleView } = useClassView();
  const largeAnyway = useLargeAnyway();
  const now_ms = useNow(1_000);
  const group = groupOf(state.breakouts, state.me);
  return (
    <header className="top">
      <span className="top-logo">
        <Logo size={26} />
      </span>
      <h1 className="top-name">{state.name}</h1>
      <div className="top-facts">
        {state.recording && (
          <Badge tone="live" pulse testId="recording-state">
            <span className="visually-hidden">This class is being recorded</span>
            <span aria-hidden="true">REC</span>
          </Badge>
        )}
        {state.streamed && (
          <Badge tone="live" pulse testId="stream-state">
            <span className="visually-hidden">This class is being streamed</span>
            <span aria-hidden="true">LIVE</span>
          </Badge>
        )}
        {state.settings.locked && (
          <span className="top-fact" title="The room is locked">
            <Icon name="lock" size={15} />
            <span className="visually-hidden">The room is locked</span>
          </span>
        )}
        {group && (
          <Badge tone="accent" testId="own-group">
            {group.name}
          </Badge>
        )}
        {state.breakouts?.endsAt && <TimeLeft endsAt={state.breakouts.endsAt} />}
      </div>
      <div className="top-tools">
        <span className="top-clock numbers" title="How long the class has been going on">
          {clock((now_ms - state.since_ms) / 1000)}
        </span>
        <IconButton
          icon={view === "grid" ? "focus" : "grid"}
          label={viewLabel(view, largeAnyway)}
          disabled={largeAnyway}
          aria-keyshortcuts="g"
          onClick={toggleView}
          data-testid="toggle-view"
          data-view={view}
        />
        <IconButton
          icon="expand"
          label="Full screen"
          className="top-wide"
          onClick={() => toggleFullscreen(document.documentElement, null)}
        />
      </div>
    </header>
  );
}

function viewLabel(view: View, largeAnyway: boolean): string {
  if (largeAnyway) return "A screen or a pinned picture is large now";
  return view === "grid" ? "Show the speaker large" : "Show all alike";
}
