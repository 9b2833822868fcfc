/** The buttons at the foot of the class. */
import { Icon } from "../../design/Icon";
import { Menu, type MenuItem } from "../../design/Menu";
import { useAccount } from "../../session/Session";
import { type Recorder, useRecorder } from "../studio/useRecorder";
import "./ControlBar.css";
import { ReactionBar } from "./ReactionBar";
import { Toggle } from "./Toggle";
import { useClass, useClassState, useOwnMedia } from "./useClass";
import { type ClassActions, useClassActions } from "./useClassActions";
import type { PanelName } from "./useClassView";

export function ControlBar() {
  const { may } = useClassState();
  return may.record ? <RecordingBar /> : <Bar recorder={null} />;
}

function RecordingBar() {
  const { room } = useClass();
  const { recording } = useClassState();
  return <Bar recorder={useRecorder({ ...room, recording }, "tab")} />;
}

function Bar({ recorder }: { recorder: Recorder | null }) {
  const actions = useClassActions();
  const { view, can } = actions;
  return (
    <section className="bar" aria-label="Controls">
      {view.reacting && <ReactionBar />}
      <div className="bar-side bar-wide">{recorder && <RecordButton recorder={recorder} />}</div>
      <OwnControls actions={actions} />
      <div className="bar-side bar-right">
        <PanelToggle actions={actions} panel="people" />
        {can.chat && <PanelToggle actions={actions} panel="chat" always />}
        {can.polls && <PanelToggle actions={actions} panel="polls" />}
        {can.breakouts && <PanelToggle actions={actions} panel="breakouts" />}
        <MoreMenu actions={actions} recorder={recorder} />
        <button type="button" className="bar-leave" onClick={actions.leave} data-testid="leave-class">
          <Icon name="leave" size={20} />
          <span>Leave</span>
        </button>
      </div>
    </section>
  );
}

function OwnControls({ actions }: { actions: ClassActions }) {
  const own = useOwnMedia();
  const { can, view, handUp } = actions;
  const hearing = can.speak && own.microphoneOn;
  const seeing = can.camera && own.cameraOn;
  return (
    <div className="bar-own">
      <Toggle
        icon={hearing ? "microphone" : "microphoneOff"}
        label={!can.speak ? "Only staff may speak now" : hearing ? "Mute" : "Unmute"}
        hotkey="m"
        off={!hearing}
        disabled={!can.speak}
        onPress={actions.toggleMicrophone}
        testId="toggle-microphone"
      />
      <Toggle
        icon={seeing ? "camera" : "cameraOff"}
        label={!can.camera ? "Only staff may show themselves now" : seeing ? "Camera off" : "Camera on"}
        hotkey="v"
        off={!seeing}
        disabled={!can.camera}
        onPress={actions.toggleCamera}
        testId="toggle-camera"
      />
      {can.share && (
        <span className="bar-wide">
          <Toggle
            icon="screen"
            label={own.screen ? "Stop sharing the screen" : "Share the screen"}
            hotkey="s"
            active={own.screen !== null}
            turns
            onPress={actions.toggleScreen}
            testId="toggle-screen"
          />
        </span>
      )}
      {can.hand && (
        <Toggle
          icon="hand"
          label={handUp ? "Lower the hand" : "Raise the hand"}
          hotkey="h"
          active={handUp}
          turns
          onPress={actions.toggleHand}
          testId="toggle-hand"
        />
      )}
      {can.react && (
        <span className="bar-wide">
          <Toggle
            icon="smile"
            label="React"
            hotkey="r"
            active={view.reacting}
            onPress={() => view.setReacting(!view.reacting)}
            testId="toggle-reactions"
          />
        </span>
      )}
    </div>
  );
}

const PANELS: Readonly<
  Record<
    Exclude<PanelName, "room" | "captions" | "live">,
    { icon: MenuItem["icon"] & string; label: string; hotkey?: string }
  >
> = {
  people: { icon: "users", label: "People", hotkey: "p" },
  chat: { icon: "chat", label: "Chat", hotkey: "c" },
  polls: { icon: "poll", label: "Polls" },
  breakouts: { icon: "groups", label: "Breakout rooms" },
};

function useNews(panel: PanelName): number {
  const { lobby, chat, polls, may } = useClassState();
  if (panel === "people") return lobby?.length ?? 0;
  if (panel === "chat") return chat?.unread ?? 0;
  if (panel === "polls")
    return may.moderate ? 0 : (polls?.filter((one) => one.open && !one.voted).length ?? 0);
  return 0;
}

function PanelToggle({
  actions,
  panel,
  always = false,
}: {
  actions: ClassActions;
  panel: keyof typeof PANELS;
  /** Also in a narrow window, where the others are in the menu. */
  always?: boolean;
}) {
  const { icon, label, hotkey } = PANELS[panel];
  const { view } = actions;
  const count = useNews(panel);
  return (
    <span className={always ? undefined : "bar-wide"}>
      <Toggle
        icon={icon}
        label={label}
        {...(hotkey && { hotkey })}
        active={view.panel === panel}
        count={view.panel === panel ? 0 : count}
        onPress={() => view.togglePanel(panel)}
        testId={`panel-${panel}`}
      />
    </span>
  );
}

function RecordButton({ recorder }: { recorder: Recorder }) {
  const running = recorder.phase === "on" || recorder.phase === "stopping";
  const busy = recorder.phase === "starting" || recorder.phase === "stopping";
  return (
    <button
      type="button"
      className="bar-record"
      aria-busy={busy}
      title={running ? "Stop recording" : "Record"}
      disabled={busy}
      onClick={() => void (running ? recorder.stop() : recorder.start())}
      data-testid="record"
      data-recording={running}
    >
      <span className={running ? "bar-square" : "bar-dot"} aria-hidden="true" />
      <span>{running ? "Stop recording" : "Record"}</span>
    </button>
  );
}

/** Everything that has no button of its own, which is more in a narrow window. */
function MoreMenu({ actions, recorder }: { actions: ClassActions; recorder: Recorder | null }) {
  const { view, can } = actions;
  const hasAccount = useAccount() !== null;
  const { may } = useClassState();
  const own = useOwnMedia();
  const people = useNews("people");
  const polls = useNews("polls");
  const recording = recorder?.phase === "on";
  const narrow: (MenuItem | false)[] = [
    can.share && {
      label: own.screen ? "Stop sharing the screen" : "Share the screen",
      icon: "screen",
      testId: "menu-screen",
      act: actions.toggleScreen,
    },
    can.react && { label: "React", icon: "smile", act: () => view.setReacting(true) },
    {
      label: people > 0 ? `People (${people} waiting)` : "People",
      icon: "users",
      testId: "menu-people",
      act: () => view.togglePanel("people"),
    },
    can.polls && {
      label: polls > 0 ? `Polls (${polls} new)` : "Polls",
      icon: "poll",
      testId: "menu-polls",
      act: () => view.togglePanel("polls"),
    },
    can.breakouts && {
      label: "Breakout rooms",
      icon: "groups",
      testId: "menu-breakouts",
      act: () => view.togglePanel("breakouts"),
    },
    recorder !== null && {
      label: recording ? "Stop recording" : "Record",
      icon: "film",
      act: () => void (recording ? recorder.stop() : recorder.start()),
    },
  ];
  const always: (MenuItem | false)[] = [
    {
      label: "Camera and sound",
      icon: "settings",
      testId: "menu-devices",
      act: () => view.openDialog("devices"),
    },
    may.moderate &&
      hasAccount && {
        label: "How the class goes",
        icon: "signal",
        testId: "menu-live",
        act: () => view.togglePanel("live"),
      },
    may.moderate && {
      label: "What the room allows",
      icon: "lock",
      testId: "menu-room",
      act: () => view.togglePanel("room"),
    },
    recorder?.phase === "off" && {
      label: "Record each camera and screen, too",
      icon: "film",
      testId: "menu-record-tracks",
      act: () => void recorder.start(true),
    },
    recorder !== null && {
      label: "Type captions",
      icon: "edit",
      testId: "menu-captions",
      act: () => view.togglePanel("captions"),
    },
    { label: "Keys", icon: "keyboard", testId: "menu-keys", act: () => view.openDialog("keys") },
  ];
  const shown = (items: (MenuItem | false)[]) => items.filter((one) => one !== false);
  return (
    <>
      <span className="bar-wide">
        <Menu label="More" items={shown(always)} floating className="round" testId="class-menu">
          <Icon name="more" size={21} />
        </Menu>
      </span>
      <span className="bar-narrow">
        <Menu
          label={people + polls > 0 ? "More, with news" : "More"}
          items={shown([...narrow, ...always])}
          floating
          className="round"
          testId="class-menu-narrow"
        >
          <Icon name="more" size={21} />
          {people + polls > 0 && <span className="round-count numbers">{people + polls}</span>}
        </Menu>
      </span>
    </>
  );
}
