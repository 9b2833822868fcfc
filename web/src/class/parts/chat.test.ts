import { describe, expect, it } from "vitest";
import type { ChatItem } from "../protocol";
import { type ChatPart, hasCome } from "./chat";

const item = (id: string, from: string, text: string, to: string | null = null) =>
  ({ id, from: { participantId: from }, to: to && { participantId: to }, text }) as unknown as ChatItem;
const of = (...messages: ChatItem[]): ChatPart => ({
  me: "me",
  chat: { messages, more: false, unread: 0, reading: true },
});

describe("words whose call was not answered", () => {
  const tried = { text: "Yes", to: "", before: new Set(["1"]) };

  it("have come when they are told as one's own after it", () => {
    expect(hasCome(tried, of(item("1", "me", "Yes")))).toBe(false);
    expect(hasCome(tried, of(item("1", "me", "Yes"), item("2", "me", "Yes")))).toBe(true);
  });

  it("have not come by what others write, by other words, or by words to somebody else", () => {
    expect(hasCome(tried, of(item("2", "ada", "Yes")))).toBe(false);
    expect(hasCome(tried, of(item("2", "me", "No")))).toBe(false);
    expect(hasCome(tried, of(item("2", "me", "Yes", "ada")))).toBe(false);
    expect(hasCome({ ...tried, to: "ada" }, of(item("2", "me", "Yes", "ada")))).toBe(true);
  });
});
