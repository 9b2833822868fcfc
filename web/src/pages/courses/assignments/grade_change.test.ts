import { describe, expect, it } from "vitest";
import type { Criterion, Grade } from "../../../api/assignments";
import { changeOf, emptyWords, givenIn, ownPointsOf, sumOf, totalWords } from "./grade_change";

const RUBRIC: Criterion[] = [
  { id: "a", title: "Reasoning", description: "", points: 60 },
  { id: "b", title: "Style", description: "", points: 40 },
];

const grade = (given: Partial<Grade>): Grade => ({
  submission_id: "one",
  newest_submission_id: "one",
  points: null,
  scores: [],
  feedback: "",
  files: [],
  released: true,
  version: 1,
  ...given,
});

const SCORES = [
  { id: "b", points: 30.1, comment: "two\nlines" },
  { id: "a", points: 49.9, comment: "" },
];

/** As the fields show a grade before anything is typed. */
const shown = (one: Grade): Record<string, string> => ({
  points: String(ownPointsOf(one) ?? ""),
  feedback: one.feedback.replaceAll("\r", ""),
  ...Object.fromEntries(
    one.scores.flatMap(({ id, points, comment }) => [
      [`points-${id}`, String(points)],
      [`comment-${id}`, comment.replace("\n", "")],
    ]),
  ),
});

const changed = (one: Grade, typed: Record<string, string>, rubric = RUBRIC, whole = false) =>
  changeOf(rubric, one, { ...shown(one), ...typed }, whole);

describe("a grade's form", () => {
  it("sends the feedback alone where that alone was changed", () => {
    const feedback = "Mind the signs.";
    for (const given of [{ points: 85 }, { points: 85, scores: SCORES }, { scores: SCORES }, {}]) {
      const one = grade({ ...given, feedback: "Mind the sings." });
      expect(changed(one, { feedback })).toEqual({ feedback });
    }
    expect(changed(grade({ points: 85 }), { feedback }, [])).toEqual({ feedback });
  });

  it("sends nothing where nothing was changed, however it was stored", () => {
    expect(changed(grade({ points: 80, scores: SCORES, feedback: "a\r\nb \n" }), {})).toEqual({});
    expect(changed(grade({ points: 80, scores: SCORES }), { "points-a": "49.90" })).toEqual({});
  });

  it("keeps a teacher's own points beside scores that are changed, and comments that were not", () => {
    const one = grade({ points: 85, scores: SCORES });
    const a = { id: "a", points: 50, comment: "" };
    expect(changed(one, { "points-a": "50" })).toEqual({ points: 85, scores: [a, SCORES[0]] });
    expect(changed(one, { points: "" })).toEqual({ points: 80, scores: [SCORES[1], SCORES[0]] });
  });

  it("adds the rubric up where there are no points of one's own, and takes points away with the scores", () => {
    const one = grade({ points: 80, scores: SCORES });
    expect(changed(one, { "points-b": "0.2" })).toEqual({
      points: 50.1,
      scores: [SCORES[1], { id: "b", points: 0.2, comment: "twolines" }],
    });
    expect(changed(one, { "points-a": "", "points-b": "" })).toEqual({ points: null, scores: [] });
    expect(changed(one, { points: "0" }).points).toBe(0);
  });

  it("says all of it for a group and over what others have written, and the points for the newest attempt", () => {
    const one = grade({ points: 85, scores: SCORES, feedback: "Good." });
    const points = { points: 85, scores: SCORES };
    const forAll = { for_group: true, files_for_group: true };
    expect(changed(one, { for_group: "on" })).toEqual({ ...points, feedback: "Good.", ...forAll });
    expect(changed(one, { for_newest: "on" })).toEqual({ ...points, for_newest: true });
    expect(changed(one, {}, RUBRIC, true)).toEqual({ ...points, feedback: "Good." });
    expect(changed(grade({ points: 7 }), { for_newest: "on" }, [])).toEqual({ points: 7, for_newest: true });
  });
});

describe("points in all", () => {
  it("are what is stored, and say where they differ from the rubric", () => {
    expect(totalWords({ points: 80, scores: SCORES }, 100)).toBe("80 of 100 points.");
    expect(totalWords({ points: 85, scores: SCORES }, 100)).toBe("85 of 100 points. The rubric gives 80.");
    expect(totalWords({ points: 85, scores: [] }, 100)).toBe("85 of 100 points. The rubric gives nothing.");
    expect(totalWords({ points: null, scores: SCORES }, 100)).toBe("No points yet. The rubric gives 80.");
    expect(totalWords({ points: null, scores: [] }, 100)).toBe("No points yet.");
  });

  it("stay away where scores were stored without them, and the field of one's own says so", () => {
    const one = grade({ scores: SCORES });
    expect(changed(one, {})).toEqual({});
    expect(emptyWords(givenIn(RUBRIC, one, shown(one)))).toContain("no points yet");
    const now = givenIn(RUBRIC, one, { ...shown(one), "points-a": "50" });
    expect([now.points, emptyWords(now)]).toEqual([80.1, "Empty, the rubric’s sum counts."]);
    for (const given of [grade({}), grade({ points: 80, scores: SCORES })])
      expect(emptyWords(given)).toBe("Empty, the rubric’s sum counts.");
  });

  it("follow what is typed", () => {
    const one = grade({ points: 80, scores: SCORES });
    expect(givenIn(RUBRIC, one, shown(one))).toBe(one);
    expect(givenIn(RUBRIC, one, { ...shown(one), points: "90" }).points).toBe(90);
    expect(sumOf([{ points: 0.1 }, { points: 0.2 }])).toBe(0.3);
  });
});
