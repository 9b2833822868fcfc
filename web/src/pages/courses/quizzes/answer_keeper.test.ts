import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { ApiError } from "../../../api/problem";
import { AnswerKeeper } from "./answer_keeper";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function start() {
  const save = vi.fn<(question: string, answer: unknown, version: number) => Promise<number>>();
  save.mockImplementation(async (_question, _answer, version) => version + 1);
  const told = { changed: vi.fn(), over: vi.fn(), overtaken: vi.fn() };
  return { save, ...told, keeper: new AnswerKeeper({ save, ...told }, [["q", 4]]) };
}

const refusal = (status: number, code: string) => new ApiError("No.", status, code);

it("sends what was chosen at once and what is typed when it has ended, with the version that is there", async () => {
  const { keeper, save } = start();
  keeper.write("q", { choices: ["a"] });
  expect(save).toHaveBeenLastCalledWith("q", { choices: ["a"] }, 4);
  expect(keeper.stateOf("q")).toBe("saving");
  await vi.advanceTimersByTimeAsync(0);
  expect(keeper.stateOf("q")).toBe("saved");
  for (const text of ["P", "Pa", "Paris"]) keeper.write("q", { text }, true);
  expect([save.mock.calls.length, keeper.unsaved]).toEqual([1, 1]);
  await vi.advanceTimersByTimeAsync(700);
  expect(save.mock.calls.slice(1)).toEqual([["q", { text: "Paris" }, 5]]);
  expect(keeper.unsaved).toBe(0);
});

it("sends one after the other for a question, and the newest of those that came meanwhile", async () => {
  const { keeper, save } = start();
  let answer: (version: number) => void = () => undefined;
  save.mockImplementationOnce(
    () =>
      new Promise((resolve) => {
        answer = resolve;
      }),
  );
  keeper.write("q", { value: 1 });
  keeper.write("q", { value: 2 });
  keeper.write("q", { value: 3 });
  expect(save).toHaveBeenCalledTimes(1);
  answer(9);
  await vi.advanceTimersByTimeAsync(0);
  expect(save.mock.calls.slice(1)).toEqual([["q", { value: 3 }, 9]]);
});

it("tries again until the server has it, and can be told to at once", async () => {
  const { keeper, save } = start();
  save.mockRejectedValueOnce(refusal(0, "unreachable")).mockRejectedValueOnce(refusal(503, "unavailable"));
  keeper.write("q", null);
  await vi.advanceTimersByTimeAsync(0);
  expect([keeper.stateOf("q"), keeper.troubled]).toEqual(["waiting", true]);
  expect(await keeper.flush()).toBe(false);
  await vi.advanceTimersByTimeAsync(3_000);
  expect([keeper.stateOf("q"), keeper.troubled, save.mock.calls.length]).toEqual(["saved", false, 3]);
  expect(await keeper.flush()).toBe(true);
});

it("says what the server does not take, and which answer another tab has changed", async () => {
  const { keeper, save, overtaken } = start();
  save.mockRejectedValueOnce(refusal(422, "invalid"));
  keeper.write("q", { value: 1e30 });
  await vi.advanceTimersByTimeAsync(0);
  expect([keeper.stateOf("q"), keeper.refusalOf("q")]).toEqual(["refused", "No."]);
  save.mockRejectedValueOnce(refusal(409, "answer_changed"));
  keeper.write("q", { value: 1 });
  await vi.advanceTimersByTimeAsync(0);
  expect(overtaken).toHaveBeenCalledWith("q");
  expect([keeper.stateOf("q"), keeper.unsaved]).toEqual(["saved", 0]);
});

it("ends when the time is over", async () => {
  const { keeper, save, over } = start();
  save.mockRejectedValueOnce(refusal(409, "attempt_over"));
  keeper.write("q", { value: 1 });
  await vi.advanceTimersByTimeAsync(0);
  expect(over).toHaveBeenCalledTimes(1);
  keeper.write("q", { value: 2 });
  await vi.advanceTimersByTimeAsync(10_000);
  expect(save).toHaveBeenCalledTimes(1);
});
