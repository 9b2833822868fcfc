import { act } from "react";
import { createRoot, type Root } from "react-dom/client";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { Dialog } from "./Dialog";
import { ToastProvider, useToast } from "./Toast";

let root: Root;
let show: ReturnType<typeof useToast>;

function Page({ open, inner = false }: { open: boolean; inner?: boolean }) {
  show = useToast();
  return (
    <>
      <Dialog title="Outer" open={open} onClose={() => undefined}>
        Words
      </Dialog>
      <Dialog title="Inner" open={inner} onClose={() => undefined}>
        Words
      </Dialog>
    </>
  );
}

const page = (open: boolean, inner = false) =>
  act(async () =>
    root.render(
      <ToastProvider>
        <Page open={open} inner={inner} />
      </ToastProvider>,
    ),
  );

const say = (text: string) => act(async () => void show(text));
const card = () => document.querySelector(".toast");
/** The title of the dialog in which something is said; "" where it is in the page. */
const saidIn = () => card()?.closest("dialog")?.querySelector("h2")?.textContent ?? "";

beforeEach(() => {
  vi.stubGlobal("IS_REACT_ACT_ENVIRONMENT", true);
  vi.useFakeTimers();
  HTMLDialogElement.prototype.showModal = function () {
    this.open = true; // jsdom has none of its own
  };
  HTMLDialogElement.prototype.close = function () {
    this.open = false;
  };
  const box = document.createElement("div");
  document.body.append(box);
  root = createRoot(box);
});

afterEach(async () => {
  await act(async () => root.unmount());
  document.body.replaceChildren();
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

it("is said within the dialog that is open, in a region that was there before", async () => {
  await page(true);
  const region = document.querySelector("dialog[open] [role=status]");
  expect(region?.textContent).toBe("");
  await say("Copied.");
  expect(region?.textContent).toContain("Copied.");
});

it("is said where it is heard from one dialog to the next, also when one is open from the beginning", async () => {
  await page(true);
  await say("Copied.");
  expect(saidIn()).toBe("Outer");
  await page(true, true);
  expect(saidIn()).toBe("Inner");
  await page(true, false);
  expect(saidIn()).toBe("Outer");
  await page(false);
  expect(document.querySelectorAll(".toast")).toHaveLength(1);
  expect(saidIn()).toBe("");
});

it("goes away by itself, but not from under the focus", async () => {
  await page(false);
  await say("Copied.");
  const button = document.querySelector<HTMLElement>(".toast button");
  await act(async () => button?.focus());
  await act(async () => vi.advanceTimersByTime(20_000));
  expect(card()).not.toBeNull();
  await act(async () => button?.blur());
  await act(async () => vi.advanceTimersByTime(2_000));
  expect(card()).toBeNull();
});

/** What screen readers read out when it comes into a place: nothing within it says otherwise. */
const isReadOut = () => card()?.closest("[aria-live]")?.getAttribute("aria-live") === "polite";

it("is read out once, also where its dialog is closed while it is shown", async () => {
  await page(true);
  await say("Copied.");
  expect(isReadOut()).toBe(true);
  await act(async () => vi.advanceTimersByTime(3_000));
  await page(false);
  expect(saidIn()).toBe("");
  expect(isReadOut()).toBe(false);
  await say("Copied again.");
  const [first, second] = document.querySelectorAll(".toast");
  expect(first?.getAttribute("aria-live")).toBe("off");
  expect(second?.getAttribute("aria-live")).toBeNull();
  expect(card()?.closest("[role=status]")?.getAttribute("aria-atomic")).toBe("false");
});

it("is read out in the page where its dialog was closed before it could be", async () => {
  await page(true);
  await say("Saved.");
  await page(false);
  expect(isReadOut()).toBe(true);
});

it("keeps the focus on its button where a dialog opens and is closed", async () => {
  await page(false);
  await say("Copied.");
  const button = document.querySelector<HTMLElement>(".toast button");
  await act(async () => button?.focus());
  await page(true);
  expect(card()?.contains(button)).toBe(true);
  await page(false);
  expect(document.activeElement).toBe(button);
  await act(async () => button?.blur());
  await page(true);
  await page(false);
  expect(document.activeElement).toBe(document.body);
});

it("makes room for others, but not from under the focus", async () => {
  await page(false);
  await say("First.");
  const button = document.querySelector<HTMLElement>(".toast button");
  await act(async () => button?.focus());
  for (const text of ["Second.", "Third.", "Fourth."]) await say(text);
  const texts = [...document.querySelectorAll(".toast-text")].map((one) => one.textContent);
  expect(texts).toEqual(["First.", "Third.", "Fourth."]);
});
