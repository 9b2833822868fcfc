import { expect, it } from "vitest";
import type { Submission } from "../../../api/assignments";
import { ApiError } from "../../../api/problem";
import { DraftText, type ReadDraft } from "./draft_text";

/** The draft of a group as the server has it: a version for each text. */
class Server {
  text = "";
  writes = 0;
  handedIn: string | null = null;

  read(): ReadDraft {
    const value = { text: this.text, updated_at: new Date(this.writes).toISOString() };
    return { value: value as Submission, etag: `"${this.text}"` };
  }

  check(etag: string | null): void {
    if (etag !== null && etag !== `"${this.text}"`)
      throw new ApiError("Changed.", 412, "precondition_failed");
  }

  write(text: string, etag: string | null): ReadDraft {
    if (text !== this.text) this.check(etag);
    this.text = text;
    this.writes += 1;
    return this.read();
  }

  writer(): DraftText {
    return new DraftText(
      this.read(),
      {
        read: async () => this.read(),
        write: async (text, etag) => this.write(text, etag),
        handIn: async (etag) => {
          this.check(etag);
          this.handedIn = this.text;
        },
      },
      () => {},
    );
  }
}

it("follows what others write until something is typed", async () => {
  const server = new Server();
  const [sam, mate] = [server.writer(), server.writer()];
  const empty = server.read();
  sam.type("Intro");
  expect(await sam.keep()).toBe(true);
  mate.receive(server.read());
  expect(mate.text).toBe("Intro");
  mate.receive(empty);
  expect(mate.text).toBe("Intro");
  mate.type("Intro, and three pages");
  expect(await mate.keep()).toBe(true);
  sam.type("Intro.");
  sam.receive(server.read());
  expect(sam.text).toBe("Intro.");
});

it("writes and hands in nothing over what was not seen", async () => {
  const server = new Server();
  const [sam, mate] = [server.writer(), server.writer()];
  mate.type("Three pages");
  await mate.keep();
  expect(await sam.handIn()).toBe(false);
  expect(server.handedIn).toBe(null);
  expect(sam.theirs?.value.text).toBe("Three pages");
  sam.takeTheirs();
  expect(sam.theirs).toBe(null);
  expect(await sam.handIn()).toBe(true);
  expect(server.handedIn).toBe("Three pages");
});

it("writes one's own over theirs when told to, and over nothing newer", async () => {
  const server = new Server();
  const [sam, mate] = [server.writer(), server.writer()];
  mate.type("Three pages");
  await mate.keep();
  sam.type("Intro");
  expect(await sam.keep()).toBe(false);
  mate.type("Four pages");
  await mate.keep();
  expect(await sam.keepMine()).toBe(false);
  expect(sam.theirs?.value.text).toBe("Four pages");
  expect(await sam.keepMine()).toBe(true);
  expect([server.text, server.handedIn]).toEqual(["Intro", null]);
});

it("is not in its own way: leaving the field by pressing the button writes twice", async () => {
  const server = new Server();
  const sam = server.writer();
  sam.type("All of it");
  const kept = sam.keep();
  sam.type("All of it, and more");
  expect(await Promise.all([kept, sam.handIn()])).toEqual([true, true]);
  expect([server.handedIn, server.writes]).toEqual(["All of it, and more", 1]);
});

it("gives other refusals on, and goes on after them", async () => {
  const server = new Server();
  const sam = server.writer();
  sam.type("x");
  server.check = () => {
    throw new ApiError("Too late.", 409, "assignment_closed");
  };
  await expect(sam.handIn()).rejects.toThrow("Too late.");
  server.check = () => {};
  expect(await sam.handIn()).toBe(true);
});
