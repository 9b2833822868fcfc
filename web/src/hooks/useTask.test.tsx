import { act } from "react";
import { createRoot } from "react-dom/client";
import { expect, it, vi } from "vitest";
import { type Task, useTask } from "./useTask";

const toast = vi.hoisted(() => vi.fn());
vi.mock("../design/Toast", () => ({ useToast: () => toast }));

it("tells what the answer says", async () => {
  vi.stubGlobal("IS_REACT_ACT_ENVIRONMENT", true);
  let task: Task | undefined;
  function Page() {
    task = useTask();
    return null;
  }
  const root = createRoot(document.createElement("div"));
  await act(async () => root.render(<Page />));
  const work = async () => ({ message: "Another server does it." });
  await act(async () => task?.run(work, (answer) => answer.message));
  expect(toast).toHaveBeenLastCalledWith("Another server does it.");
  await act(async () => task?.run(work, "Done."));
  expect(toast).toHaveBeenLastCalledWith("Done.");
  await act(async () => root.unmount());
  vi.unstubAllGlobals();
});
