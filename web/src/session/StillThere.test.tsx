import { act } from "react";
import { createRoot, type Root } from "react-dom/client";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { HttpClient } from "../api/http";
import { StillThereDialog } from "./StillThere";

const session = vi.hoisted(() => ({ http: undefined as unknown }));
vi.mock("./Session", () => ({ useApi: () => session }));

const MINUTE_MS = 60_000;
let root: Root;
let left_s: { session_ends_in: number; session_lasts: number };
let away: boolean;

beforeEach(async () => {
  vi.stubGlobal("IS_REACT_ACT_ENVIRONMENT", true);
  vi.useFakeTimers({ now: Date.parse("2026-03-01T12:00:00Z") });
  window.localStorage.clear();
  HTMLDialogElement.prototype.showModal = function () {
    this.open = true; // jsdom has none of its own
  };
  HTMLDialogElement.prototype.close = function () {
    this.open = false;
    this.dispatchEvent(new Event("close"));
  };
  left_s = { session_ends_in: 1_800, session_lasts: 1_800 + 1_680 };
  away = false;
  const http = new HttpClient(async () => {
    if (away) throw new TypeError("Failed to fetch");
    return new Response(JSON.stringify({ access_token: "t", expires_in: 9_000, ...left_s }));
  });
  session.http = http;
  const box = document.createElement("div");
  document.body.append(box);
  root = createRoot(box);
  await act(async () => root.render(<StillThereDialog />));
  await act(async () => http.refresh());
  await pass(27 * MINUTE_MS);
  left_s = { session_ends_in: 1_860 - 27, session_lasts: 1_860 - 27 };
});

afterEach(async () => {
  await act(async () => root.unmount());
  document.body.replaceChildren();
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

const pass = (time_ms: number) => act(async () => vi.advanceTimersByTimeAsync(time_ms));
const shown = () => document.querySelector("dialog[open] h2")?.textContent;
const button = () => document.querySelector<HTMLButtonElement>("dialog[open] .dialog-actions button");
const press = (what: Element | null | undefined) =>
  act(async () => {
    what?.dispatchEvent(new MouseEvent("click", { bubbles: true }));
    await vi.advanceTimersByTimeAsync(0);
  });
/** As browsers do at Escape. */
const escape_ = () =>
  act(async () => {
    document.querySelector<HTMLDialogElement>("dialog[open]")?.close();
    await vi.advanceTimersByTimeAsync(0);
  });
/** What somebody does on the way to the button. */
const move = () =>
  act(async () => {
    window.dispatchEvent(Object.assign(new Event("pointermove"), { movementX: 1, movementY: 1 }));
    await vi.advanceTimersByTimeAsync(0);
  });

it("leaves nobody who answers the question with the notice closed unread", async () => {
  left_s = { session_ends_in: 120, session_lasts: 120 };
  expect(shown()).toBe("Are you still there?");
  const stay = button();
  await move();
  expect(shown()).toBe("Your session ends soon");
  for (const pressed of [stay, button(), document.querySelector("dialog[open] [aria-label=Close]")]) {
    await press(pressed);
    expect(shown()).toBe("Your session ends soon");
  }
  await escape_();
  expect(shown()).toBe("Your session ends soon");
  expect(document.activeElement?.textContent).toMatch(/^It ends at/);
  await pass(2_000);
  await press(button());
  expect(shown()).toBeUndefined();
  await pass(30_000);
  expect(shown()).toBeUndefined();
});

it("can be closed while the server is away, once it was to be read", async () => {
  away = true;
  await move();
  expect(shown()).toBe("Your session could not be renewed");
  await press(button());
  expect(shown()).toBe("Your session could not be renewed");
  await pass(2_000);
  await escape_();
  expect(shown()).toBeUndefined();
  await pass(30_000);
  expect(shown()).toBeUndefined();
});

it("goes on to the notice of the end where the server is there again, which was to be read anew", async () => {
  away = true;
  await move();
  await pass(3_000);
  away = false;
  left_s = { session_ends_in: 100, session_lasts: 100 };
  await pass(2_000);
  expect(shown()).toBe("Your session ends soon");
  await pass(5_000);
  await press(button());
  expect(shown()).toBeUndefined();
});
