/** Says what happens to those who cannot see it: messages, raised hands, who waits, who comes and goes. */
import { useEffect, useRef, useState } from "react";
import type { ClassState } from "../../class/state";
import { useClassState } from "./useClass";
import { type PanelName, useClassView } from "./useClassView";

/** In larger classes who comes and goes is no news. */
const SMALL = 12;

const news = <T, K>(now: readonly T[], before: readonly T[], key: (one: T) => K): T[] => {
  const known = new Set(before.map(key));
  return now.filter((one) => !known.has(key(one)));
};

/** What is to be said of a change, newest last; not what a short message at the foot of the window says (Notices). */
export function announce(before: ClassState, now: ClassState, panel: PanelName | null): string[] {
  const said: string[] = [];
  const nameOf = (id: string) => now.people.find((one) => one.id === id)?.name ?? "Somebody";
  if (panel === "people")
    for (const one of news(now.lobby ?? [], before.lobby ?? [], (it) => it.participantId))
      said.push(`${one.full_name} waits in the lobby.`);
  if (before.chat && now.chat && now.chat.messages.length > before.chat.messages.length && panel !== "chat") {
    const last = now.chat.messages.at(-1);
    const isNew = last && !before.chat.messages.some((one) => one.id === last.id);
    if (isNew && last.from.participantId !== now.me) said.push(`${last.from.fullName} writes: ${last.text}`);
  }
  if (now.may.moderate)
    for (const one of news(now.hands ?? [], before.hands ?? [], (it) => it.participantId))
      if (one.participantId !== now.me) said.push(`${nameOf(one.participantId)} has raised a hand.`);
  if (now.may.moderate || panel === "polls")
    for (const poll of news(now.polls ?? [], before.polls ?? [], (it) => it.id))
      said.push(`A poll: ${poll.question}`);
  if (now.people.length <= SMALL) {
    for (const one of news(now.people, before.people, (it) => it.id)) said.push(`${one.name} has come.`);
    for (const one of news(before.people, now.people, (it) => it.id)) said.push(`${one.name} has left.`);
  }
  if (before.recording && !now.recording) said.push("The recording has stopped.");
  if (before.streamed && !now.streamed) said.push("The live stream has ended.");
  return said;
}

export function Announcer() {
  const state = useClassState();
  const { panel } = useClassView();
  const before = useRef(state);
  const [said, say] = useState("");
  useEffect(() => {
    const words = announce(before.current, state, panel);
    before.current = state;
    if (words.length > 0) say(words.join(" "));
  }, [state, panel]);
  return (
    <p className="visually-hidden" role="status" aria-live="polite" data-testid="announcer">
      {said}
    </p>
  );
}
