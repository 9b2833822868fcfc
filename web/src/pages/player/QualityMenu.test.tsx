import { act } from "react";
import { createRoot } from "react-dom/client";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { QualityMenu } from "./QualityMenu";

describe("the quality", () => {
  let page: HTMLElement;
  let show: (...heights: number[]) => Promise<ReturnType<typeof vi.fn>>;

  beforeEach(() => {
    vi.stubGlobal("IS_REACT_ACT_ENVIRONMENT", true);
    page = document.body.appendChild(document.createElement("div"));
    const root = createRoot(page);
    show = async (...heights) => {
      const choose = vi.fn();
      await act(async () => root.render(<QualityMenu qualities={{ heights, choose }} />));
      return choose;
    };
  });
  afterEach(() => {
    page.remove();
    vi.unstubAllGlobals();
  });

  const button = () => page.querySelector("[data-testid=quality]") as HTMLElement;
  const pick = async (label: string) => {
    await act(async () => button().click());
    const item = [...page.querySelectorAll<HTMLElement>("[role^=menuitem]")].find(
      (one) => one.textContent?.trim() === label,
    );
    await act(async () => item?.click());
  };

  it("is the player's own choice until somebody chooses", async () => {
    expect(await show(720, 240)).not.toHaveBeenCalled();
    expect(button().textContent).toBe("Auto");
  });

  it("that was chosen holds when the player is attached anew", async () => {
    const first = await show(720, 240);
    await pick("240 lines");
    expect(first.mock.calls).toEqual([[240]]);
    const second = await show(720, 240);
    expect(second.mock.calls).toEqual([[240]]);
    expect(button().textContent).toBe("240");
    await pick("Automatic");
    expect(second).toHaveBeenLastCalledWith(null);
    expect(await show(720, 240)).not.toHaveBeenCalled();
  });

  it("is none where what is attached has it no more, until it has it again", async () => {
    await show(720, 240);
    await pick("240 lines");
    expect(await show(720, 360)).not.toHaveBeenCalled();
    expect(button().textContent).toBe("Auto");
    expect(await show(720, 240)).toHaveBeenCalledWith(240);
    expect(button().textContent).toBe("240");
  });
});
