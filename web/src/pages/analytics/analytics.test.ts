import { describe, expect, it } from "vitest";
import type { AttendanceReport, AttendanceRow, Lecture, PerformanceReport, Sheet } from "../../api/analytics";
import type { Schedule } from "../../api/schedules";
import { zoneHere } from "../../format";
import { averagesWords, keptWords } from "./Collected";
import { attendanceOf, completionOf, watchTimeOf } from "./course_charts";
import { inOrder } from "./DataTable";
import { dropOffOf, heatOf } from "./lecture_charts";
import { reportZone } from "./report_zone";
import { counted, didWords, heldWords, ownStatus } from "./words";

const series = {} as Schedule;

const lecture = (bins: [number, number, number][], more: Partial<Lecture> = {}): Lecture => ({
  recording_id: "r",
  duration_seconds: 600,
  hidden: false,
  unique_viewers: 3,
  total_views: 4,
  avg_watch_time_seconds: 60,
  completion_rate: 0,
  completion_ratio: 0.9,
  average_completion: 10,
  peak_concurrent_viewers: 1,
  total_buffer_events: 0,
  quality_distribution: {},
  most_replayed_section: null,
  heatmap: bins.map(([views, viewers, remaining], index) => ({
    start: index * 60,
    views,
    viewers,
    remaining,
  })),
  ...more,
});

describe("how a recording is watched", () => {
  it("says where most was played, and what was played again", () => {
    const replayed = { start: 60, end: 120, replays: 2 };
    const { data, summary } = heatOf(
      lecture(
        [
          [1, 1, 1],
          [5, 3, 1],
        ],
        { most_replayed_section: replayed },
      ),
    );
    expect(summary).toBe(
      "Played most at 1:00: 5 times by 3 people. Played again most: 1:00 to 2:00, 2 times.",
    );
    expect(data.series.map(({ values }) => values)).toEqual([
      [1, 5],
      [1, 3],
    ]);
  });

  it("says when half have left, and rounds nobody up", () => {
    expect(
      dropOffOf(
        lecture([
          [3, 3, 1],
          [1, 1, 0.3339],
        ]),
      ).summary,
    ).toBe("Half have left by 1:00. 33.3 % came to the last part, of 10:00 in all.");
    expect(
      dropOffOf(
        lecture([
          [3, 3, 1],
          [3, 3, 0.6667],
        ]),
      ).summary,
    ).toMatch(/^At least half come to the end/);
  });

  it("says nothing of what nobody has watched", () => {
    const nobody = lecture([[0, 0, 0]]);
    expect([heatOf(nobody).summary, dropOffOf(nobody).summary]).toEqual(["", ""]);
  });
});

it("tells times in a PDF by the clocks of the course, or of who saves it", async () => {
  const asked: string[] = [];
  const having = (count: number) => ({
    list: async (course: string) => {
      asked.push(course);
      return { items: Array.from({ length: count }, () => series), next_cursor: null };
    },
  });
  expect(await reportZone(having(1), "c", "pdf")).toBeUndefined();
  expect(await reportZone(having(0), "c", "pdf")).toBe(zoneHere());
  expect(await reportZone(having(0), "c", "csv")).toBeUndefined();
  expect(asked).toEqual(["c", "c"]);
});

it("counts one of something as one", () => {
  const did = { messages: 1, hands: 0, reactions: 1, poll_answers: 2 };
  expect(didWords(did)).toBe("1 chat message, 0 hands, 1 reaction, 2 votes");
  expect([counted(1, "session", "sessions"), counted(null, "session", "sessions")]).toEqual([
    "1 session",
    "– sessions",
  ]);
  expect(averagesWords(5)).toContain("of 5 people or more");
  expect(averagesWords(1)).not.toContain("1 people");
});

describe("how a class was held", () => {
  const sheet = { held_from: "2030-03-04T08:00:00Z", held_s: 2700, breaks: 0, goes_on: false, totals: null };
  const people = [
    { present_s: 2700, status: "present" },
    { present_s: 0, status: "absent" },
  ] as AttendanceRow[];
  const none = { present: 0, late: 0, partial: 0, excused: 0, absent: 0 };
  const words = (more: Partial<Sheet>) => heldWords({ ...sheet, counts: true, people, ...more });

  it("says for whom it counts", () => {
    expect(words({})).toMatch(/^Held .*\. 1 student of 2 was there\.$/);
    expect(words({ goes_on: true })).toMatch(/^Goes on .*: it counts once it is over\. 1 student of 2 was/);
    expect(words({ people: [], totals: { ...none, present: 2 } })).toMatch(/^Held [^.]*\.$/);
    expect(words({ held_from: null, people })).toBe("Nobody has held it: it counts for nobody.");
  });

  it("says that what staff rehearse counts for nobody, or for who was corrected alone", () => {
    for (const totals of [null, none])
      expect(words({ counts: false, people: [], totals })).toMatch(/^Held .*: it counts for no student\.$/);
    const nobody = people.map((row) => ({ ...row, status: null }));
    const goesOn = words({ counts: false, people: nobody, goes_on: true });
    expect(goesOn).toMatch(/^Goes on .* so far: it counts for no student so far\.$/);
    const corrected = words({ counts: false, people: people.slice(1) });
    expect(corrected).toMatch(/: it counts for no student but those of whom its teacher says so\.$/);
  });
});

describe("how a course goes", () => {
  it("puts classes beside each other, of whom the last is said", () => {
    const counts = { present: 4, late: 1, partial: 1, excused: 1, absent: 2, made_up: 0 };
    const times = { starts_at: null, held_from: null, held_until: null, held_s: 0 };
    const report = {
      classes: [{ lesson_id: "l", title: "Levers", ...times, ...counts }],
      attendance_rate: 70.8,
    };
    const { data, summary } = attendanceOf(report as AttendanceReport);
    expect(summary).toBe(
      "70.8 % by points over 1 class. In the last one: 4 present, 2 late or partial, 3 absent or excused.",
    );
    expect(data.series.map(({ values }) => values)).toEqual([[4], [2], [3]]);
  });

  it("says nothing of recordings that there are not", () => {
    const none = { overall_score: 0, lectures: [], recommendations: [] } as PerformanceReport;
    expect(watchTimeOf(none).summary).toBe("");
    expect(completionOf(none).data.series.every(({ values }) => values.length === 0)).toBe(true);
  });
});

it("rows without a value come last whichever way they go", () => {
  const rows = [{ at: 2 }, { at: null }, { at: 10 }];
  const by = ({ at }: { at: number | null }) => at;
  expect(inOrder(rows, by, false).map(by)).toEqual([2, 10, null]);
  expect(inOrder(rows, by, true).map(by)).toEqual([10, 2, null]);
});

it("a student's own status is the one that is counted", () => {
  expect(ownStatus({ present: 0, late: 1, partial: 0, excused: 0, absent: 0 })).toBe("late");
  expect(ownStatus({ present: 0, late: 0, partial: 0, excused: 0, absent: 0 })).toBeNull();
});

it("a student is told for how long what leads to them is kept", () => {
  expect(keptWords(400, 0)).toContain("forgotten after 400 days; figures stay as long as");
  expect(keptWords(400, 500)).toContain("figures become sums 500 days after somebody was last in the course");
  expect(keptWords(0, 500)).not.toContain("forgotten");
});
