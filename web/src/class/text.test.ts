import { describe, expect, it } from "vitest";
import { partsOf } from "./text";

describe("links in what people write", () => {
  it("are found within a sentence, without what ends it", () => {
    expect(partsOf("See https://school.example/a?b=1, or ask.")).toEqual([
      { text: "See " },
      { text: "https://school.example/a?b=1", href: "https://school.example/a?b=1" },
      { text: ", or ask." },
    ]);
  });

  it("keep the brackets that belong to them", () => {
    const [, link, rest] = partsOf("(https://en.example/wiki/Group_(mathematics))");
    expect(link?.href).toBe("https://en.example/wiki/Group_(mathematics)");
    expect(rest).toEqual({ text: ")" });
  });

  it.each([
    "javascript:alert(1)",
    "data:text/html,x",
    "ftp://x.example",
    "http://",
    "//x.example",
    "vbscript:x",
  ])("are never made of %s", (text) => {
    expect(partsOf(text).some((part) => part.href !== undefined)).toBe(false);
  });

  it("end where markup would begin", () => {
    const parts = partsOf('https://x.example/"onmouseover="y <b>');
    expect(parts[0]).toEqual({ text: "https://x.example/", href: "https://x.example/" });
    expect(parts.map((part) => part.text).join("")).toBe('https://x.example/"onmouseover="y <b>');
  });

  it("are two when there are two", () => {
    expect(partsOf("http://a.example http://b.example").filter((part) => part.href)).toHaveLength(2);
  });
});
