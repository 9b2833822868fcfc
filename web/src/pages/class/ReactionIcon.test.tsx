import { renderToStaticMarkup } from "react-dom/server";
import { describe, expect, it } from "vitest";
import { REACTIONS, ReactionIcon, reactionName } from "./ReactionIcon";

const drawn = (emoji: string) => renderToStaticMarkup(<ReactionIcon emoji={emoji} size={24} />);

describe("reactions", () => {
  it("are drawn without a font, every one that can be chosen", () => {
    for (const { emoji } of REACTIONS) {
      expect(drawn(emoji)).toMatch(/^<svg/);
      expect(drawn(emoji)).not.toContain(emoji);
    }
  });

  it("are the same with and without the mark for a coloured picture", () => {
    expect(drawn("\u2764")).toBe(drawn("\u2764\uFE0F"));
    expect(reactionName("\u2764")).toBe("Heart");
  });

  it("of other programs are left to the system's fonts", () => {
    expect(drawn("🦊")).toContain("🦊");
    expect(reactionName("🦊")).toBe("");
  });
});
