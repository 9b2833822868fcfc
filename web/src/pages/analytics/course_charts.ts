/** A course's classes and recordings, as charts have them. */
import type { AttendanceReport, HeldClass, PerformanceReport } from "../../api/analytics";
import type { ChartData } from "../../charts/figures";
import { day, duration, plural } from "../../format";
import { percent } from "./words";

export interface Told {
  data: ChartData;
  summary: string;
}

const nameOf = ({ title, starts_at, held_from }: HeldClass): string => {
  const at = starts_at ?? held_from;
  return at ? `${title}, ${day(at)}` : title;
};

/** Who was there, class by class. */
export function attendanceOf({ classes, attendance_rate }: AttendanceReport): Told {
  const data: ChartData = {
    along: { kind: "names", label: "Class", names: classes.map(nameOf) },
    series: [
      { label: "Present", look: "bar", values: classes.map(({ present }) => present) },
      { label: "Late or partial", look: "bar", values: classes.map(({ late, partial }) => late + partial) },
      {
        label: "Absent or excused",
        look: "bar",
        values: classes.map(({ absent, excused }) => absent + excused),
      },
    ],
  };
  const last = classes.at(-1);
  const summary = last
    ? `${percent(attendance_rate)} by points over ${plural(classes.length, "class", "classes")}. In the last one: ${last.present} present, ${last.late + last.partial} late or partial, ${last.absent + last.excused} absent or excused.`
    : "";
  return { data, summary };
}

/** How long the class watched each recording. */
export function watchTimeOf({ lectures }: PerformanceReport): Told {
  const minutes = lectures.map(({ watch_time_seconds }) => Math.round(watch_time_seconds / 6) / 10);
  const data: ChartData = {
    along: { kind: "names", label: "Recording", names: lectures.map(({ title }) => title) },
    series: [{ label: "Time watched", look: "bar", values: minutes }],
    unit: "min",
  };
  const all = lectures.reduce((sum, one) => sum + one.watch_time_seconds, 0);
  const most = lectures.reduce((top, one) => (one.watch_time_seconds > top.watch_time_seconds ? one : top), {
    title: "",
    watch_time_seconds: 0,
  });
  const summary = all > 0 ? `${duration(all)} in all; most with “${most.title}”.` : "";
  return { data, summary };
}

/** How much of each recording the class has seen. */
export function completionOf({ lectures, overall_score }: PerformanceReport): Told {
  const data: ChartData = {
    along: { kind: "names", label: "Recording", names: lectures.map(({ title }) => title) },
    series: [
      { label: "Watched by the class", look: "bar", values: lectures.map(({ completion }) => completion) },
      { label: "Opened by", look: "bar", values: lectures.map(({ viewer_rate }) => viewer_rate) },
    ],
    unit: "%",
    top: 100,
  };
  return { data, summary: `${percent(overall_score)} of each recording on average, over the whole class.` };
}
