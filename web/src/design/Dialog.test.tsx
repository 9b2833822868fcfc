import { act } from "react";
import { createRoot, type Root } from "react-dom/client";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { Dialog } from "./Dialog";

let root: Root;
const onClose = vi.fn();

const page = (open: boolean) =>
  act(async () =>
    root.render(
      <Dialog title="Sure?" open={open} onClose={onClose}>
        <button type="button">Yes</button>
      </Dialog>,
    ),
  );

beforeEach(() => {
  vi.stubGlobal("IS_REACT_ACT_ENVIRONMENT", true);
  onClose.mockReset();
  HTMLDialogElement.prototype.showModal = function () {
    this.open = true; // jsdom has none of its own
    this.querySelector("button")?.focus();
  };
  HTMLDialogElement.prototype.close = function () {
    this.open = false;
    this.dispatchEvent(new Event("close"));
  };
  const box = document.createElement("div");
  document.body.append(box);
  root = createRoot(box);
});

afterEach(async () => {
  await act(async () => root.unmount());
  document.body.replaceChildren();
  vi.unstubAllGlobals();
});

it("says that somebody has closed it, and nothing where the page has", async () => {
  await page(true);
  const dialog = document.querySelector("dialog");
  await act(async () => dialog?.close()); // as browsers do at Escape
  expect(onClose).toHaveBeenCalledOnce();
  await page(false);
  await page(true);
  await page(false);
  expect(dialog?.open).toBe(false);
  expect(onClose).toHaveBeenCalledOnce();
});

it("has the focus where it was when who keeps it says that it is open still", async () => {
  vi.useFakeTimers();
  await page(true);
  const dialog = document.querySelector("dialog");
  const yes = [...document.querySelectorAll("button")].at(-1);
  yes?.focus();
  await act(async () => dialog?.close());
  await act(async () => vi.runAllTimers());
  vi.useRealTimers();
  expect(dialog?.open).toBe(true);
  expect(document.activeElement?.textContent).toBe("Yes");
});
