/** What the buttons and the keys of the class do, and which of it this one may do now. */
import { useCallback } from "react";
import { useToast } from "../../design/Toast";
import { useAct, useClass, useClassState, useOwnMedia } from "./useClass";
import { type ClassView, useClassView } from "./useClassView";

export interface ClassActions {
  view: ClassView;
  toggleMicrophone: () => void;
  toggleCamera: () => void;
  toggleScreen: () => void;
  toggleHand: () => void;
  leave: () => void;
  can: {
    speak: boolean;
    camera: boolean;
    share: boolean;
    hand: boolean;
    react: boolean;
    chat: boolean;
    polls: boolean;
    breakouts: boolean;
  };
  handUp: boolean;
}

const canShareScreens = () => typeof navigator.mediaDevices?.getDisplayMedia === "function";

export function useClassActions(): ClassActions {
  const { session } = useClass();
  const state = useClassState();
  const own = useOwnMedia();
  const view = useClassView();
  const act = useAct();
  const toast = useToast();
  const { may, me, hands, chat, polls, breakouts } = state;
  const handUp = hands?.some((one) => one.participantId === me) ?? false;
  const tellProblem = useCallback(
    (done: boolean) => {
      const { problem } = session.own.getState();
      if (!done && problem) toast(`${problem.title}. ${problem.advice}`, { tone: "wrong" });
    },
    [session, toast],
  );
  return {
    view,
    handUp,
    can: {
      speak: may.speak,
      camera: may.camera,
      share: may.share && canShareScreens(),
      hand: hands !== null,
      react: hands !== null,
      chat: chat !== null,
      polls: polls !== null && (may.moderate || polls.length > 0),
      breakouts: may.moderate || breakouts !== null,
    },
    toggleMicrophone: () => void session.own.setMicrophoneOn(!own.microphoneOn).then(tellProblem),
    toggleCamera: () => void session.own.setCameraOn(!own.cameraOn).then(tellProblem),
    toggleScreen: () => (own.screen ? session.own.stopScreen() : void session.own.startScreen()),
    toggleHand: () => void act(handUp ? "lower-hand" : "raise-hand"),
    leave: () => (may.moderate ? view.openDialog("leave") : session.leave()),
  };
}
