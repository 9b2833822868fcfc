import { act, useState } from "react";
import { createRoot } from "react-dom/client";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { CheckField, Field, SelectField } from "./Field";
import { type Control, wordsOf } from "./validity";

const sent = vi.fn();
let page: HTMLElement;

async function form(): Promise<HTMLFormElement> {
  page = document.body.appendChild(document.createElement("div"));
  await act(async () =>
    createRoot(page).render(
      <form
        onSubmit={(event) => {
          event.preventDefault();
          sent();
        }}
      >
        <Field label="Name" name="name" hint="As it is written." required />
        <Field label="Email" name="email" type="email" required />
        <SelectField label="Role" name="role" required defaultValue="">
          <option value="">Choose</option>
          <option value="student">Student</option>
        </SelectField>
        <CheckField label="I have read it" name="read" required />
      </form>,
    ),
  );
  return page.querySelector("form") as HTMLFormElement;
}

const field = (name: string) => page.querySelector<HTMLInputElement>(`[name=${name}]`) as HTMLInputElement;
const saidOf = (name: string) =>
  (field(name).getAttribute("aria-describedby") ?? "")
    .split(" ")
    .map((id) => document.getElementById(id)?.textContent)
    .join(" ");

async function type(name: string, value: string): Promise<void> {
  const set = Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, "value")?.set;
  await act(async () => {
    set?.call(field(name), value);
    field(name).dispatchEvent(new Event("input", { bubbles: true }));
  });
}

it("is described by what its page names, and by its own hint", async () => {
  page = document.body.appendChild(document.createElement("div"));
  await act(async () =>
    createRoot(page).render(
      <div>
        <p id="question">How fast is light?</p>
        <Field label="Your answer" name="answer" aria-describedby="question" hint="Read as 300." />
      </div>,
    ),
  );
  expect(saidOf("answer")).toBe("How fast is light? Read as 300.");
  page.remove();
});

describe("a form that is not filled in as it must be", () => {
  beforeEach(() => {
    vi.stubGlobal("IS_REACT_ACT_ENVIRONMENT", true);
    sent.mockReset();
  });
  afterEach(() => {
    page.remove();
    vi.unstubAllGlobals();
  });

  it("is not sent, says beside each field what is wrong, and leads to the first", async () => {
    const own = await form();
    const shown: boolean[] = [];
    own.addEventListener("invalid", (event) => shown.push(event.defaultPrevented), false);
    for (const one of own.elements)
      one.addEventListener("invalid", (event) => queueMicrotask(() => shown.push(event.defaultPrevented)));
    await act(async () => own.requestSubmit());
    expect(sent).not.toHaveBeenCalled();
    expect(shown).toEqual([true, true, true, true]);
    expect(saidOf("name")).toBe("Fill this in. As it is written.");
    expect(saidOf("email")).toBe("Enter an email address.");
    expect(saidOf("role")).toBe("Choose one of these.");
    expect(saidOf("read")).toBe("Tick this to go on.");
    expect(field("email").getAttribute("aria-invalid")).toBe("true");
    expect(document.activeElement).toBe(field("name"));
  });

  it("leads to the first that is wrong still, and says no more of what was changed", async () => {
    const own = await form();
    await act(async () => own.requestSubmit());
    await type("name", "Ada");
    await type("email", "ada");
    expect(saidOf("name")).toBe("As it is written.");
    expect(field("name").hasAttribute("aria-invalid")).toBe(false);
    await act(async () => own.requestSubmit());
    expect(saidOf("email")).toBe("This is no email address. One looks like ada@school.example.");
    expect(document.activeElement).toBe(field("email"));
  });
});

describe("a field that another one asks for", () => {
  function Score() {
    const [comment, setComment] = useState("");
    return (
      <form>
        <Field label="Points" name="points" type="number" required={comment !== ""} />
        <Field label="Comment" name="comment" onChange={(event) => setComment(event.target.value)} />
      </form>
    );
  }

  it("is said to be wrong for as long as it is asked for", async () => {
    vi.stubGlobal("IS_REACT_ACT_ENVIRONMENT", true);
    page = document.body.appendChild(document.createElement("div"));
    const root = createRoot(page);
    await act(async () => root.render(<Score />));
    await type("comment", "Good");
    await act(async () => page.querySelector("form")?.requestSubmit());
    await type("comment", "Good.");
    expect(saidOf("points")).toBe("Enter a number.");
    expect(field("points").getAttribute("aria-invalid")).toBe("true");
    await type("comment", "");
    expect(saidOf("points")).toBe("");
    expect(field("points").hasAttribute("aria-invalid")).toBe(false);
    await act(async () => root.unmount());
    page.remove();
    vi.unstubAllGlobals();
  });
});

describe("what is wrong with a field", () => {
  const words = (html: string, value: string) => {
    const own = document.createElement("form");
    own.innerHTML = html;
    const control = own.elements[0] as Control;
    control.value = value;
    return wordsOf(control);
  };

  it.each([
    ['<input type="number" min="1" max="8">', "0", "It must be at least 1."],
    ['<input type="number" min="1" max="8">', "9", "It must be at most 8."],
    ['<input type="number">', "1.5", "Enter a whole number."],
    ['<input type="number" step="0.5">', "1.2", "Enter a number in steps of 0.5."],
    ['<input type="url">', "school", "This is no address. One begins with https://."],
    ['<input pattern="[0-9]{6}" title="Six digits">', "12", "Six digits"],
    [
      '<input type="datetime-local" min="2026-11-29T10:00">',
      "2026-11-28T10:00",
      "It must not be before 2026-11-29 10:00.",
    ],
    ["<textarea required></textarea>", "", "Fill this in."],
    ['<input type="number" min="1">', "4", ""],
  ])("is said of %s with %s", (html, value, said) => {
    expect(words(html, value)).toBe(said);
  });
});
