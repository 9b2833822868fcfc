import { describe, expect, it } from "vitest";
import type { ChatItem } from "../../class/protocol";
import type { ClassState } from "../../class/state";
import { recipient } from "./ChatForm";

const STATE = { me: "me", people: [], may: { chat: true } } as unknown as ClassState;

describe("whom a message is for", () => {
  it("is who was chosen, also when they have left: never everybody in their place", () => {
    expect(recipient({ kind: "new" }, "sam", STATE)).toBe("sam");
    expect(recipient({ kind: "new" }, "", STATE)).toBe("");
  });

  it("is the other of a private message that is answered", () => {
    const of = (from: string, to: string) =>
      ({ from: { participantId: from }, to: { participantId: to } }) as unknown as ChatItem;
    expect(recipient({ kind: "reply", message: of("ada", "me") }, "", STATE)).toBe("ada");
    expect(recipient({ kind: "reply", message: of("me", "ada") }, "sam", STATE)).toBe("ada");
  });
});
