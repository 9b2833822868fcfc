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

/** The server's side of an attempt: whoever says what is there already is not refused. */
function server(lost: number[]) {
  const there = { answer: undefined as unknown, version: 4 };
  let calls = 0;
  const save = async (_question: string, answer: unknown, version: number): Promise<number> => {
    calls += 1;
    if (JSON.stringify(answer) !== JSON.stringify(there.answer)) {
      if (version !== there.version) throw refusal(409, "answer_changed");
      there.answer = answer;
      there.version += 1;
    }
    if (lost.includes(calls)) throw refusal(0, "unreachable");
    return there.version;
  };
  return { there, save };
}

it("says again what may have arrived before what was written since, so that nothing newer is lost", async () => {
  const { keeper, save, overtaken } = start();
  const { there, save: take } = server([1, 2]);
  save.mockImplementation(take);
  keeper.write("q", { text: "Par" });
  keeper.write("q", { text: "Paris" }, true);
  await vi.advanceTimersByTimeAsync(0);
  expect([there.version, keeper.stateOf("q"), keeper.unsaved]).toEqual([5, "waiting", 1]);
  await vi.advanceTimersByTimeAsync(3_000);
  expect([save.mock.calls.length, keeper.unsaved]).toEqual([2, 1]);
  await vi.advanceTimersByTimeAsync(3_000);
  expect(save.mock.calls).toEqual([
    ["q", { text: "Par" }, 4],
    ["q", { text: "Par" }, 4],
    ["q", { text: "Par" }, 4],
    ["q", { text: "Paris" }, 5],
  ]);
  expect(overtaken).not.toHaveBeenCalled();
  expect([there.answer, there.version]).toEqual([{ text: "Paris" }, 6]);
  expect([keeper.stateOf("q"), keeper.troubled, keeper.unsaved]).toEqual(["saved", false, 0]);
});

it("has no refusal of an older answer stand against a newer one", async () => {
  const { keeper, save, overtaken } = start();
  save.mockRejectedValueOnce(refusal(0, "unreachable")).mockRejectedValueOnce(refusal(422, "invalid"));
  keeper.write("q", { value: 1e30 });
  await vi.advanceTimersByTimeAsync(0);
  keeper.write("q", { value: 1 }, true);
  await vi.advanceTimersByTimeAsync(700);
  expect(save.mock.calls).toEqual([
    ["q", { value: 1e30 }, 4],
    ["q", { value: 1e30 }, 4],
    ["q", { value: 1 }, 4],
  ]);
  expect([keeper.stateOf("q"), keeper.refusalOf("q"), keeper.unsaved]).toEqual(["saved", "", 0]);
  expect(overtaken).not.toHaveBeenCalled();
});

it("gives way once where another tab has saved something else meanwhile", async () => {
  const { keeper, save, overtaken } = start();
  save.mockRejectedValueOnce(refusal(0, "unreachable")).mockRejectedValue(refusal(409, "answer_changed"));
  keeper.write("q", { value: 1 });
  await vi.advanceTimersByTimeAsync(0);
  keeper.write("q", { value: 2 });
  await vi.advanceTimersByTimeAsync(10_000);
  expect([save.mock.calls.length, overtaken.mock.calls.length]).toEqual([2, 1]);
  expect([keeper.stateOf("q"), keeper.troubled, keeper.unsaved]).toEqual(["saved", false, 0]);
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
