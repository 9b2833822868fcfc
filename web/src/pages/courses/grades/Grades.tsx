/** The grades of a course: for its staff everybody's, for a student their own. */
import "../assignments/Assignments.css";
import { useCourse } from "../useCourse";
import { GradeBook } from "./GradeBook";
import "./Grades.css";
import { OwnGrades } from "./OwnGrades";

export function Grades() {
  const { staff } = useCourse();
  return staff ? <GradeBook /> : <OwnGrades />;
}
