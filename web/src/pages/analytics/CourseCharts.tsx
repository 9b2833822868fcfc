import { useMemo } from "react";
import { useLocation } from "wouter";
import type { AttendanceReport, PerformanceReport } from "../../api/analytics";
import { Chart } from "../../charts/Chart";
import { Card } from "../../design/Card";
import { useCourse } from "../courses/useCourse";
import { attendanceOf, completionOf, watchTimeOf } from "./course_charts";

/** Classes and recordings over the course; each point leads to what it is of. */
export function CourseCharts({
  attendance,
  performance,
}: {
  attendance: AttendanceReport;
  performance: PerformanceReport;
}) {
  const { course } = useCourse();
  const [, go] = useLocation();
  const classes = useMemo(() => attendanceOf(attendance), [attendance]);
  const watched = useMemo(() => watchTimeOf(performance), [performance]);
  const completion = useMemo(() => completionOf(performance), [performance]);
  const toSheet = (index: number) => {
    const lesson = attendance.classes[index]?.lesson_id;
    if (lesson) go(`/courses/${course.id}/attendance?lesson=${lesson}`);
  };
  const toRecording = (index: number) => {
    const id = performance.lectures[index]?.recording_id;
    if (id) go(`/recordings/${id}/analytics`);
  };
  const noRecordings = "No recording is published in this course yet.";
  return (
    <>
      <Card className="analytics-wide">
        <Chart
          title="Attendance, class by class"
          {...classes}
          empty="No class has been held yet."
          onPick={toSheet}
          pickWords="open its sheet"
          testId="attendance-chart"
        />
      </Card>
      <div className="analytics-charts">
        <Card>
          <Chart
            title="Time with each recording"
            {...watched}
            empty={noRecordings}
            onPick={toRecording}
            pickWords="see how it is watched"
            testId="watch-time-chart"
          />
        </Card>
        <Card>
          <Chart
            title="How much of it is seen"
            {...completion}
            empty={noRecordings}
            onPick={toRecording}
            pickWords="see how it is watched"
            testId="completion-chart"
          />
        </Card>
      </div>
    </>
  );
}
