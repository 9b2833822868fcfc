/** Short messages about what one should look at now, with the way there. */
import { useEffect, useRef } from "react";
import { groupOf } from "../../class/parts/breakouts";
import { sentenceOf } from "../../class/parts/connections";
import type { ClassState } from "../../class/state";
import { useToast } from "../../design/Toast";
import { useClassState } from "./useClass";
import { type PanelName, useClassView } from "./useClassView";

export interface News {
  text: string;
  /** The panel where there is more of it. */
  panel?: PanelName;
  act?: string;
  tone?: "wrong";
}

/** What a change means for this one; empty for most. */
export function newsOf(before: ClassState, now: ClassState): News[] {
  const news: News[] = [];
  const waited = new Set(before.lobby?.map((one) => one.participantId));
  const newcomers = now.lobby?.filter((one) => !waited.has(one.participantId)) ?? [];
  const [first] = newcomers;
  if (now.may.moderate && first) {
    const text = newcomers.length > 1 ? `${newcomers.length} people wait` : `${first.full_name} waits`;
    news.push({ text: `${text} in the lobby.`, panel: "people", act: "Show" });
  }
  const asked = new Set(before.polls?.map((one) => one.id));
  const poll = now.polls?.find((one) => !asked.has(one.id));
  if (poll && before.polls && !now.may.moderate)
    news.push({ text: `A poll: ${poll.question}`, panel: "polls", act: "Vote" });
  const [was, is] = [groupOf(before.breakouts, now.me), groupOf(now.breakouts, now.me)];
  if (is && is.groupId !== was?.groupId) news.push({ text: `You are in ${is.name} now.` });
  else if (was && !is) news.push({ text: "You are back in the main room." });
  if (now.recording && !before.recording) news.push({ text: "This class is being recorded now." });
  if (now.streamed && !before.streamed)
    news.push({ text: "This class is being streamed now, to more people than are here." });
  const [wasStaff, isStaff] = [before.may.moderate, now.may.moderate];
  if (!wasStaff && isStaff) news.push({ text: "You are an assistant in this class now." });
  if (wasStaff && !isStaff) news.push({ text: "You are no assistant in this class any more." });
  const mine = now.connections[now.me];
  if (mine?.quality === "poor" && before.connections[now.me]?.quality !== "poor")
    news.push({ text: sentenceOf(mine, true), tone: "wrong" });
  return news;
}

export function Notices() {
  const state = useClassState();
  const { panel, openPanel } = useClassView();
  const toast = useToast();
  const before = useRef(state);
  const shown = useRef<{ panel: PanelName; drop: () => void }[]>([]);
  useEffect(() => {
    const news = newsOf(before.current, state);
    before.current = state;
    for (const { text, panel: there, act, tone = "good" } of news) {
      if (there && there === panel) continue;
      const action = there && act ? { action: { label: act, act: () => openPanel(there) } } : {};
      const drop = toast(text, { tone, ...action });
      if (there) shown.current.push({ panel: there, drop });
    }
  }, [state, panel, toast, openPanel]);
  useEffect(() => {
    // What a message points at is seen now.
    for (const one of shown.current) if (one.panel === panel) one.drop();
    shown.current = shown.current.filter((one) => one.panel !== panel);
  }, [panel]);
  return null;
}
