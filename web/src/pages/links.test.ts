import { afterEach, describe, expect, it } from "vitest";
import { knowPublicOrigin } from "../session/origin";
import { copiedWords, opensHereOnly, watchLink } from "./links";
import { linkAt } from "./player/deep_link";

afterEach(() => knowPublicOrigin(undefined));

describe("links to pass on", () => {
  it("begin as the page was opened where the server knows nothing better", () => {
    expect(watchLink("7b")).toBe(`${window.location.origin}/rooms/7b/watch`);
  });

  it("begin as the server's own do where its address is set, however the page was opened", () => {
    knowPublicOrigin("https://school.example");
    expect(watchLink("7b")).toBe("https://school.example/rooms/7b/watch");
    expect(linkAt(90)).toMatch(/^https:\/\/school\.example\/.*\?t=90$/);
  });

  it.each([
    "http://localhost:8080/x",
    "http://127.0.0.1/x",
    "https://[::1]:8443/x",
    "http://a.localhost/x",
    "http://0.0.0.0/",
  ])("say that %s opens on this computer only", (link) => {
    expect(opensHereOnly(link)).toBe(true);
    expect(copiedWords(link, true)).toEqual({
      text: expect.stringContaining("this computer only"),
      well: false,
    });
  });

  it.each([
    "https://school.example/x",
    "http://192.168.1.5:8080/x",
    "https://localhost.example/",
    "K7Q-2MP",
    "",
  ])("say nothing of the kind of %s", (link) => {
    expect(opensHereOnly(link)).toBe(false);
    expect(copiedWords(link, true, "Code")).toEqual({ text: "Code copied.", well: true });
  });

  it("say that nothing was copied where the browser refused", () => {
    expect(copiedWords("https://school.example/", false).text).toContain("could not be copied");
  });
});
