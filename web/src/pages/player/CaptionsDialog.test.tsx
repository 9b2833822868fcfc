import { act, useState } from "react";
import { createRoot } from "react-dom/client";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Captions } from "../../api/recordings";
import { CaptionSet } from "./CaptionsDialog";

const recordings = {
  putCaptions: vi.fn(async () => undefined),
  deleteCaptions: vi.fn(async () => undefined),
  restoreCaptions: vi.fn(async () => undefined),
};
vi.mock("../../session/Session", () => ({ useApi: () => ({ recordings }) }));

let page: HTMLElement;
let captions: Captions[];
const ofLanguage = (language: string, label = "") => ({ language, label, cues: 2 }) as unknown as Captions;
const select = () => page.querySelector("select") as HTMLSelectElement;
const button = (name: string) =>
  [...page.querySelectorAll("button")].find(
    (one) => one.textContent === name || one.getAttribute("aria-label") === name,
  );

async function show(of: Captions[] = []): Promise<void> {
  captions = of;
  page = document.body.appendChild(document.createElement("div"));
  const root = createRoot(page);
  function Page() {
    const [deleted, setDeleted] = useState<readonly Captions[]>([]);
    return <CaptionSet id="r" captions={captions} onChange={draw} deleted={deleted} onDeleted={setDeleted} />;
  }
  const draw = async () => root.render(<Page />);
  await act(draw);
}

beforeEach(() => {
  vi.stubGlobal("IS_REACT_ACT_ENVIRONMENT", true);
  vi.spyOn(navigator, "language", "get").mockReturnValue("sw-KE");
});

afterEach(() => {
  page.remove();
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
  window.localStorage.clear();
});

async function add(): Promise<void> {
  const file = page.querySelector("input") as HTMLInputElement;
  Object.defineProperty(file, "files", { value: [new File(["WEBVTT"], "a.vtt")] });
  await act(async () => file.dispatchEvent(new Event("change", { bubbles: true })));
  await act(async () => button("Add captions")?.click());
}

describe("captions that are added", () => {
  it("are in the language that is shown: the browser's own, whichever that is", async () => {
    await show();
    expect(select().selectedOptions[0]?.textContent).toBe("Swahili");
    await add();
    expect(recordings.putCaptions).toHaveBeenLastCalledWith("r", "sw", expect.anything());
  });

  it("are in the language chosen last, also one that only this recording has captions in", async () => {
    await show([ofLanguage("pt-BR")]);
    select().value = "pt-BR";
    await act(async () => select().dispatchEvent(new Event("change", { bubbles: true })));
    page.remove();
    await show();
    expect(select().value).toBe("pt-BR");
    expect([...select().options].map((one) => one.value)).toContain("sw");
  });
});

describe("captions that are deleted", () => {
  it("can be brought back", async () => {
    await show([ofLanguage("de", "Deutsch"), ofLanguage("en")]);
    captions = [ofLanguage("en")];
    await act(async () => button("Delete the captions in German")?.click());
    expect(page.textContent).toContain("Deutsch");
    expect(page.textContent).toContain("Deleted");
    captions = [ofLanguage("de", "Deutsch"), ofLanguage("en")];
    await act(async () => button("Undo: bring back the captions in German")?.click());
    expect(recordings.restoreCaptions).toHaveBeenCalledWith("r", "de");
    expect(button("Undo: bring back the captions in German")).toBeUndefined();
    expect(page.textContent).not.toContain("Deleted");
  });

  it("can all be brought back, also where one is deleted before another is answered", async () => {
    await show([ofLanguage("de"), ofLanguage("en")]);
    const answers: (() => void)[] = [];
    const later = () => new Promise<undefined>((resolve) => answers.push(() => resolve(undefined)));
    recordings.deleteCaptions.mockImplementation(later);
    await act(async () => button("Delete the captions in German")?.click());
    await act(async () => button("Delete the captions in German")?.click());
    await act(async () => button("Delete the captions in English")?.click());
    expect(answers.length).toBe(2);
    captions = [];
    for (const answer of answers) await act(async () => answer());
    expect(button("Undo: bring back the captions in German")).toBeDefined();
    expect(button("Undo: bring back the captions in English")).toBeDefined();
  });

  it("are brought back once, however often it is pressed", async () => {
    await show([ofLanguage("de")]);
    recordings.deleteCaptions.mockImplementation(async () => undefined);
    captions = [];
    await act(async () => button("Delete the captions in German")?.click());
    recordings.restoreCaptions.mockClear();
    recordings.restoreCaptions.mockImplementation(() => new Promise(() => undefined));
    const undo = () => button("Undo: bring back the captions in German");
    await act(async () => undo()?.click());
    await act(async () => undo()?.click());
    expect(undo()?.getAttribute("aria-busy")).toBe("true");
    expect(recordings.restoreCaptions).toHaveBeenCalledTimes(1);
  });
});
