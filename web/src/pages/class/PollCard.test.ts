import { expect, it } from "vitest";
import { whenShown } from "./PollCard";

it("says when hidden results can be seen", () => {
  expect(whenShown({ open: true, results: "after" })).toContain("when the poll has ended");
  expect(whenShown({ open: true, results: "hidden" })).toContain("when the teacher shares them");
  expect(whenShown({ open: false, results: "hidden" })).toContain("when the teacher shares them");
});
