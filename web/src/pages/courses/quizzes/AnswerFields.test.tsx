import { act } from "react";
import { createRoot } from "react-dom/client";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { Answer, Given } from "../../../api/quizzes";
import { AnswerFields } from "./AnswerFields";

beforeEach(() => vi.stubGlobal("IS_REACT_ACT_ENVIRONMENT", true));
afterEach(() => void vi.unstubAllGlobals());

const QUESTION = { question_id: "q", kind: "numeric", text: "How many?", max_points: 1, version: 1 };

/** What counts after each of these was in the field. */
async function countedAfter(...texts: string[]): Promise<Answer | null> {
  let answer: Answer | null = { value: 5 };
  const page = document.body.appendChild(document.createElement("div"));
  const root = createRoot(page);
  const show = () =>
    root.render(
      <AnswerFields
        given={{ ...QUESTION, answer } as Given}
        number={1}
        refusal=""
        onAnswer={(now) => {
          answer = now;
          show();
        }}
      />,
    );
  await act(async () => show());
  const field = page.querySelector("input") as HTMLInputElement;
  const set = Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, "value")?.set;
  for (const text of texts) {
    await act(async () => {
      set?.call(field, text);
      field.dispatchEvent(new Event("input", { bubbles: true }));
    });
  }
  await act(async () => void field.dispatchEvent(new FocusEvent("focusout", { bubbles: true })));
  expect(field.value).toBe(texts.at(-1));
  await act(async () => root.unmount());
  page.remove();
  return answer;
}

const typed = (text: string) => [...text].map((_, index) => text.slice(0, index + 1));

it("lets nothing count that was the beginning of what is no number, or was there before it", async () => {
  for (const text of ["1.000,5", "1.000.000", "1.234.567", "12.500,00", "1,000", "1e", "-", "about 3"]) {
    expect(await countedAfter(...typed(text)), text).toBeNull();
    expect(await countedAfter(text), text).toBeNull();
  }
  expect(await countedAfter(...typed("-9,81"))).toEqual({ value: -9.81 });
  expect(await countedAfter(...typed("1.000,5"), "1000,5")).toEqual({ value: 1000.5 });
  expect(await countedAfter(" ")).toBeNull();
});
