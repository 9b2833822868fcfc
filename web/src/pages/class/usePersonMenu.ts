/** What one may do to a person or with a tile: offered only where the server would do it. */
import { isStaff, outranks, type Person, type Source } from "../../class/parts/people";
import { DIRECT, type Tile } from "../../class/tiles";
import type { MenuItem } from "../../design/Menu";
import { useAct, useClass, useClassState, useStore } from "./useClass";
import { useClassView } from "./useClassView";

/** Moderation of one person; empty for who may not moderate them. */
export function usePersonMenu(): (person: Person) => MenuItem[] {
  const state = useClassState();
  const act = useAct();
  const { askRemoval } = useClassView();
  const direct = useStore(useClass().session.direct);
  const myRole = state.people.find((one) => one.id === state.me)?.role ?? "student";
  return (person) => {
    const participantId = person.id;
    const isMe = person.id === state.me;
    const sends = (source: Source, awake = false) =>
      (direct?.peerId === person.id && direct.tracks.has(source)) ||
      state.media.some((one) => one.owner === person.id && one.source === source && !(awake && one.paused));
    const items: (MenuItem | false)[] = [];
    if (state.may.moderate && (isMe || !outranks(myRole, person.role)))
      items.push(
        presenterItem(state.stage?.presenter === person.id, state.stage !== null, participantId, act),
      );
    if (state.may.moderate && !isMe && !outranks(myRole, person.role)) {
      const stop = (source: Source) => () => void act("mute", { participantId, source });
      items.push(
        sends("microphone", true) && {
          label: "Mute",
          icon: "microphoneOff",
          testId: "mute",
          act: stop("microphone"),
        },
        sends("camera") && { label: "Stop camera", icon: "cameraOff", act: stop("camera") },
        sends("screen") && { label: "Stop screen", icon: "screen", act: stop("screen") },
        (state.hands?.some((one) => one.participantId === person.id) ?? false) && {
          label: "Lower hand",
          icon: "hand",
          act: () => void act("lower-hand", { participantId }),
        },
        roleItem(state.may.appoint, person, act),
        state.lobby !== null && {
          label: "Remove…",
          icon: "leave",
          danger: true,
          testId: "remove",
          act: () => askRemoval(person),
        },
      );
    }
    return items.filter((one) => one !== false);
  };
}

type Act = ReturnType<typeof useAct>;

function presenterItem(presents: boolean, known: boolean, participantId: string, act: Act): MenuItem | false {
  if (!known || presents) return false;
  return {
    label: "Make presenter",
    icon: "focus",
    testId: "make-presenter",
    act: () => void act("set-presenter", { participantId }),
  };
}

function roleItem(appoints: boolean, person: Person, act: Act): MenuItem | false {
  if (!appoints || (person.role !== "student" && person.role !== "assistant")) return false;
  const role = isStaff(person.role) ? "student" : "assistant";
  return {
    label: role === "assistant" ? "Make assistant" : "Make student",
    icon: "user",
    act: () => void act("set-role", { participantId: person.id, role }),
  };
}

/** The same for a tile, with what concerns how it is shown first. */
export function useTileMenu(tile: Tile): MenuItem[] {
  const { session } = useClass();
  const state = useClassState();
  const { ownPin, togglePin } = useClassView();
  const act = useAct();
  const menuOf = usePersonMenu();
  const person = state.people.find((one) => one.id === tile.personId);
  const isDirect = tile.pictureId === DIRECT.camera || tile.pictureId === DIRECT.screen;
  const pinId =
    (isDirect ? null : tile.pictureId) ??
    (tile.own ? session.media?.sender.producerOf(tile.kind === "screen" ? "screen" : "camera")?.id : null);
  const isPinned = ownPin === tile.key;
  return [
    {
      label: isPinned ? "Show with the others" : "Show large for me",
      icon: "expand",
      testId: "pin-for-me",
      act: () => togglePin(tile.key),
    },
    ...(state.may.moderate && state.stage !== null && (tile.pinned || pinId)
      ? [
          {
            label: tile.pinned ? "Unpin for everybody" : "Pin for everybody",
            icon: "pin" as const,
            testId: "pin-for-all",
            act: () => void act("pin", tile.pinned || !pinId ? {} : { producerId: pinId }),
          },
        ]
      : []),
    ...(person && tile.kind === "person" ? menuOf(person) : []),
  ];
}
