/** The class while one is in it: stage, buttons, panels, and what lies over them. */
import { useEffect, useRef } from "react";
import { Spinner } from "../../design/Spinner";
import { Announcer } from "./Announcer";
import { BreakoutNotice } from "./BreakoutNotice";
import { ControlBar } from "./ControlBar";
import { DeviceDialog } from "./DeviceDialog";
import "./InClass.css";
import { KeysDialog } from "./KeysDialog";
import { LeaveDialog } from "./LeaveDialog";
import { LiveCaptions } from "./LiveCaptions";
import { MediaNotice } from "./MediaNotice";
import { Notices } from "./Notices";
import { Reactions } from "./Reactions";
import { RemoveDialog } from "./RemoveDialog";
import { SidePanel } from "./SidePanel";
import { Sounds } from "./Sounds";
import { Stage } from "./Stage";
import { handleKey } from "./shortcuts";
import { TopBar } from "./TopBar";
import { useClassActions } from "./useClassActions";
import { ClassViewContext, useNewClassView } from "./useClassView";

export function InClass({ lost }: { lost: boolean }) {
  const view = useNewClassView();
  return (
    <ClassViewContext value={view}>
      <Frame lost={lost} />
    </ClassViewContext>
  );
}

function Frame({ lost }: { lost: boolean }) {
  useKeys();
  useLeavingWarning();
  return (
    <div className="class" data-testid="class" data-lost={lost}>
      <TopBar />
      <main className="class-main" aria-label="The class">
        <Stage />
        <Reactions />
        <LiveCaptions />
        {lost && (
          <p className="class-lost" role="alert" data-testid="class-lost">
            <Spinner size={18} />
            The connection was lost. Reconnecting.
          </p>
        )}
        {!lost && <MediaNotice />}
        <BreakoutNotice />
      </main>
      <SidePanel />
      <ControlBar />
      <Sounds />
      <Announcer />
      <Notices />
      <DeviceDialog />
      <KeysDialog />
      <LeaveDialog />
      <RemoveDialog />
    </div>
  );
}

function useKeys(): void {
  const actions = useClassActions();
  const latest = useRef(actions);
  latest.current = actions;
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (handleKey(event, latest.current)) event.preventDefault();
    };
    window.addEventListener("keydown", onKey);
    return () => window.removeEventListener("keydown", onKey);
  }, []);
}

/** Closing the window in the middle of a class is usually a slip. */
function useLeavingWarning(): void {
  useEffect(() => {
    const warn = (event: BeforeUnloadEvent) => event.preventDefault();
    window.addEventListener("beforeunload", warn);
    return () => window.removeEventListener("beforeunload", warn);
  }, []);
}
