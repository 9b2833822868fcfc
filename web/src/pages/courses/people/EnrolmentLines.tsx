import { useState } from "react";
import type { EnrolmentReport } from "../../../api/enrolments";
import { Badge } from "../../../design/Badge";
import { Button } from "../../../design/Button";
import { CheckField } from "../../../design/Field";
import { cellWords } from "../../people/ImportLines";
import { isWrong, OUTCOMES } from "./report_words";

/** More would make the page slow; who has more looks at those that are left out first. */
const PAGE = 200;

/** What happened, or would, with each line of a list. */
export function EnrolmentLines({ report }: { report: EnrolmentReport }) {
  const [onlyWrong, setOnlyWrong] = useState(report.failed > 0 && report.total > PAGE);
  const [count, setCount] = useState(PAGE);
  const lines = onlyWrong ? report.lines.filter(isWrong) : report.lines;
  return (
    <section className="import-report" aria-label="Report by line">
      {report.failed > 0 && (
        <CheckField
          label="Only lines that are left out"
          checked={onlyWrong}
          onChange={(event) => setOnlyWrong(event.target.checked)}
        />
      )}
      <div className="import-scroll">
        <table className="import-table" data-testid="enrolment-lines">
          <thead>
            <tr>
              <th scope="col">Line</th>
              <th scope="col">Who</th>
              <th scope="col">{report.dry_run ? "Would be" : "Outcome"}</th>
              <th scope="col">What is wrong</th>
            </tr>
          </thead>
          <tbody>
            {lines.slice(0, count).map((line) => {
              const [tone, tried, done] = OUTCOMES[line.outcome];
              return (
                <tr key={line.line} data-outcome={line.outcome}>
                  <td className="numbers">{line.line}</td>
                  <td>{line.name || "–"}</td>
                  <td>
                    <Badge tone={tone}>{report.dry_run ? tried : done}</Badge>
                  </td>
                  <td>{line.errors.map(cellWords).join(" ")}</td>
                </tr>
              );
            })}
          </tbody>
        </table>
      </div>
      {lines.length > count && (
        <p className="list-more">
          <Button onClick={() => setCount(count + PAGE)}>Show more</Button>
        </p>
      )}
    </section>
  );
}
