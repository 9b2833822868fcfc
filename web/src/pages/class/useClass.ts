/** The session of the class and its stores, as React sees them. */
import { createContext, useCallback, useContext, useEffect, useState, useSyncExternalStore } from "react";
import { sentence } from "../../api/problem";
import type { Room } from "../../api/rooms";
import { OwnMedia, type OwnMediaState } from "../../class/own_media";
import type { Phase } from "../../class/phase";
import type { Call, Reply } from "../../class/protocol";
import { ClassSession } from "../../class/session";
import { type Speaking, SpeakingReader } from "../../class/speaking";
import type { ClassState } from "../../class/state";
import type { Store } from "../../class/store";
import type { Given } from "../../class/wire";
import { useToast } from "../../design/Toast";
import { useNewsHub } from "../../session/News";
import { QUALITIES, type QualityName } from "../../webrtc/devices";
import { linkOf, toldIn } from "../notifications/notification_words";

const HANDED_IN = "handed_in";

export interface ClassValue {
  room: Room;
  session: ClassSession;
  speaking: SpeakingReader;
}

export const ClassContext = createContext<ClassValue | null>(null);

export function useClass(): ClassValue {
  const value = useContext(ClassContext);
  if (!value) throw new Error("useClass is used outside a class.");
  return value;
}

export const useStore = <T>(store: Store<T>): T => useSyncExternalStore(store.subscribe, store.get);

export const usePhase = (session: ClassSession): Phase => useStore(session.phase);

/** The class as it is. Only for what is shown while one is in it. */
export function useClassState(): ClassState {
  const state = useStore(useClass().session.state);
  if (!state) throw new Error("There is no class before it is entered.");
  return state;
}

export function useOwnMedia(): OwnMediaState {
  const { own } = useClass().session;
  return useSyncExternalStore(own.subscribe, own.getState);
}

export const useSpeaking = (): Speaking => useStore(useClass().speaking.store);

/** Makes calls and gives their answers; what the server refuses is shown in its own words, and gives null. */
export function useAct(): <E extends Call>(event: E, ...payload: Given<E>) => Promise<Reply<E> | null> {
  const { session } = useClass();
  const toast = useToast();
  return useCallback(
    async <E extends Call>(event: E, ...payload: Given<E>): Promise<Reply<E> | null> => {
      try {
        return await session.call(event, ...payload);
      } catch (error) {
        toast(sentence(error), { tone: "wrong" });
        return null;
      }
    },
    [session, toast],
  );
}

/** Who teaches is looked at by all, and recorded: theirs is the larger picture. */
const qualityFor = (room: Room): QualityName => (room.may.moderate ? "720p" : "360p");

/** One session for as long as the page is there. */
export function useClassSession(room: Room, token: () => Promise<string | null>): ClassValue {
  const toast = useToast();
  const [value] = useState<ClassValue>(() => {
    const quality = qualityFor(room);
    const session = new ClassSession({
      slug: room.slug,
      roomName: room.name,
      token,
      own: new OwnMedia(quality),
      cameraBitrate_bps: QUALITIES[quality].maxBitrate_bps,
    });
    return { room, session, speaking: new SpeakingReader(session) };
  });
  const { session, speaking } = value;
  const hub = useNewsHub();
  useEffect(() => {
    session.onNews = (news) => {
      hub.tell(news);
      if (news.kind === HANDED_IN) return; // in the last minute of a deadline there may be many
      const link = linkOf(news);
      // In a tab of its own: nobody leaves a class by a message.
      const open = { label: "Open", act: () => void window.open(link ?? "", "_blank", "noopener") };
      toast(toldIn(news), link === null ? {} : { action: open });
    };
  }, [session, toast, hub]);
  useEffect(() => {
    session.onNotice = ({ text, tone }) => toast(text, { tone });
    session.own.onLost = ({ title, advice }) => {
      if (session.phase.get().name === "in") toast(`${title}. ${advice}`, { tone: "wrong" });
    };
  }, [session, toast]);
  useEffect(() => {
    speaking.open();
    return () => {
      speaking.close();
      session.dispose();
    };
  }, [session, speaking]);
  return value;
}
