import { describe, expect, it } from "vitest";
import type { ClassState } from "../../class/state";
import { announce } from "./Announcer";
import { newsOf } from "./Notices";
import type { PanelName } from "./useClassView";

const person = (id: string) => ({ id, userId: null, name: id, role: "student", joinedAt: "" });

const state = (more: object = {}) =>
  ({
    me: "me",
    people: [person("me"), person("sam")],
    may: { moderate: false },
    lobby: [],
    hands: [],
    polls: [],
    chat: { messages: [], more: false, unread: 0, reading: false },
    breakouts: null,
    recording: false,
    streamed: false,
    connections: {},
    ...more,
  }) as unknown as ClassState;

const TEACHER = { may: { moderate: true } };
const waiting = (id: string) => ({ participantId: id, full_name: id, role: "guest", since: "" });

describe("what one should look at", () => {
  it("is for staff who waits, once", () => {
    const now = state({ ...TEACHER, lobby: [waiting("Ruth")] });
    expect(newsOf(state(TEACHER), now)).toEqual([
      { text: "Ruth waits in the lobby.", panel: "people", act: "Show" },
    ]);
    expect(newsOf(now, now)).toEqual([]);
    expect(newsOf(state(TEACHER), state({ ...TEACHER, lobby: [waiting("a"), waiting("b")] }))[0]?.text).toBe(
      "2 people wait in the lobby.",
    );
  });

  it("is for students a poll, but not those that were there before", () => {
    const poll = { id: "p", question: "Why?" };
    expect(newsOf(state(), state({ polls: [poll] }))).toMatchObject([
      { text: "A poll: Why?", panel: "polls" },
    ]);
    expect(newsOf(state(TEACHER), state({ ...TEACHER, polls: [poll] }))).toEqual([]);
    expect(newsOf(state({ polls: null }), state({ polls: [poll] }))).toEqual([]);
  });

  it("is one's own network once it is poor, and nobody else's", () => {
    const with_ = (id: string, quality: string) =>
      state({ connections: { [id]: { peerId: id, quality, reason: "loss_sending" } } });
    const poor = with_("me", "poor");
    expect(newsOf(with_("me", "fair"), poor)).toEqual([
      { text: "Your network loses packets while sending; others may see you freeze.", tone: "wrong" },
    ]);
    expect(newsOf(poor, poor)).toEqual([]);
    expect(newsOf(state(), with_("me", "fair"))).toEqual([]);
    expect(newsOf(state(), with_("sam", "poor"))).toEqual([]);
  });

  it("is where one is now", () => {
    const inGroup = state({
      breakouts: { groups: [{ groupId: "g", name: "Group 1", participantIds: ["me"] }] },
    });
    expect(newsOf(state(), inGroup)).toEqual([{ text: "You are in Group 1 now." }]);
    expect(newsOf(inGroup, state())).toEqual([{ text: "You are back in the main room." }]);
  });

  it("is what one has become, and that one is recorded", () => {
    expect(newsOf(state(), state({ ...TEACHER, recording: true })).map((one) => one.text)).toEqual([
      "This class is being recorded now.",
      "You are an assistant in this class now.",
    ]);
  });
});

describe("what is said to who cannot see it", () => {
  const said = (before: object, now: object, panel: PanelName | null = null) =>
    announce(state(before), state(now), panel);
  const message = { id: "1", from: { participantId: "sam", fullName: "Sam" }, text: "Hello" };
  const chat = { chat: { messages: [message] } };

  it("are messages while the chat is not open, hands for staff, and who comes and goes", () => {
    expect(said({}, chat)).toEqual(["Sam writes: Hello"]);
    expect(said({}, chat, "chat")).toEqual([]);
    const hands = [{ participantId: "sam", since: "" }];
    expect(said(TEACHER, { ...TEACHER, hands })).toEqual(["sam has raised a hand."]);
    expect(said({}, { hands })).toEqual([]);
    expect(said({}, { people: [person("me"), person("zoe")] })).toEqual(["zoe has come.", "sam has left."]);
  });

  it("is not what a short message says already", () => {
    const change = [TEACHER, { ...TEACHER, lobby: [waiting("Ruth")], recording: true }] as const;
    expect(newsOf(state(change[0]), state(change[1]))).toHaveLength(2);
    expect(said(...change)).toEqual([]);
    expect(said(...change, "people")).toEqual(["Ruth waits in the lobby."]);
  });

  it("is not everybody who comes to a large class", () => {
    const many = Array.from({ length: 20 }, (_, index) => person(`p${index}`));
    expect(said({ people: many }, { people: [...many, person("zoe")] })).toEqual([]);
  });
});
