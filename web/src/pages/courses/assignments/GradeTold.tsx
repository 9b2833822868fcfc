import type { Assignment, Grade } from "../../../api/assignments";
import { Card } from "../../../design/Card";
import { FileLinks } from "../files/FileLinks";

/** A grade as its student reads it. */
export function GradeTold({ assignment, grade }: { assignment: Assignment; grade: Grade }) {
  const scores = new Map(grade.scores.map((score) => [score.id, score]));
  return (
    <div className="work-card" data-testid="grade">
      <Card>
        <h3>Your grade</h3>
        {scores.size > 0 && (
          <ul className="list">
            {assignment.rubric.map(({ id, title, points }) => {
              const score = scores.get(id);
              return (
                <li key={id} className="upload">
                  <div className="list-row-words">
                    {title}
                    {score?.comment && <p className="list-row-facts">{score.comment}</p>}
                  </div>
                  <span className="numbers">
                    {score?.points ?? "–"} of {points}
                  </span>
                </li>
              );
            })}
          </ul>
        )}
        {grade.feedback && <p className="work-text">{grade.feedback}</p>}
        <FileLinks files={grade.files} label="Files with your grade" />
      </Card>
    </div>
  );
}
