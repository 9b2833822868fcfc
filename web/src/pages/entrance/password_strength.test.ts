import { describe, expect, it } from "vitest";
import { lookAt, surprises } from "./password_strength";

describe("a new password while it is typed", () => {
  it("counts what is repeated or goes on in order once", () => {
    expect(surprises("aaaa")).toBe(1);
    expect(surprises("12345678")).toBe(1);
    expect(surprises("otter")).toBe(4);
    expect(surprises("")).toBe(0);
  });

  it("is weak while it breaks a rule, however long", () => {
    expect(lookAt("short", 8)).toEqual({ long_enough: false, varied: true, strength: "weak" });
    expect(lookAt("abababababababababab", 8)).toMatchObject({ varied: false, strength: "weak" });
    expect(lookAt("1234567890123", 8).strength).toBe("weak");
  });

  it("grows stronger with its length alone", () => {
    const strengths = ["three qui", "three quiet gre", "three quiet green lamps"];
    expect(strengths.map((password) => lookAt(password, 8).strength)).toEqual(["fair", "good", "strong"]);
  });

  it("looks at the spelling that the server checks", () => {
    expect(lookAt("e\u0301a\u0301o\u0301u\u0301", 8).long_enough).toBe(false);
    expect(lookAt("\u00bd\u00bc\u00be\u2153", 8).long_enough).toBe(false);
    expect(lookAt("ａaａaａaａaａa", 8)).toMatchObject({ varied: false, strength: "weak" });
  });

  it("counts letters, not code units, and says nothing of an empty field", () => {
    expect(lookAt("😀🎓📚✏️🖍️", 8).long_enough).toBe(false);
    expect(lookAt("", 8)).toEqual({ long_enough: false, varied: false, strength: "none" });
  });
});
