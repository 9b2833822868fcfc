import { useState } from "react";
import type { CellError, ImportedLine, ImportReport } from "../../api/people";
import { Badge, type BadgeTone } from "../../design/Badge";
import { Button } from "../../design/Button";
import { CheckField } from "../../design/Field";
import { ROLE_NAMES } from "./roles";

/** More would make the page slow; who has more looks at the wrong ones first. */
const PAGE = 200;

const OUTCOMES: Readonly<Record<ImportedLine["outcome"], [tone: BadgeTone, tried: string, done: string]>> = {
  created: ["accent", "New", "Made"],
  exists: ["neutral", "Here already", "Here already"],
  invalid: ["warn", "Wrong", "Left out"],
};

/** "Email: write an address." */
export const cellWords = ({ column, detail }: CellError): string => {
  const words = column ? `${column}: ${detail}` : detail;
  return /[.!?]$/.test(words) ? words : `${words}.`;
};

/** What happened, or would, with each line of a table. */
export function ImportLines({ report }: { report: ImportReport }) {
  const [onlyWrong, setOnlyWrong] = useState(report.failed > 0 && report.total > PAGE);
  const [count, setCount] = useState(PAGE);
  const lines = onlyWrong ? report.lines.filter(({ outcome }) => outcome === "invalid") : report.lines;
  return (
    <section className="import-report" aria-label="Report by line">
      {report.failed > 0 && (
        <CheckField
          label="Only lines that are wrong"
          checked={onlyWrong}
          onChange={(event) => setOnlyWrong(event.target.checked)}
        />
      )}
      <div className="import-scroll">
        <table className="import-table" data-testid="import-lines">
          <thead>
            <tr>
              <th scope="col">Line</th>
              <th scope="col">Email, name</th>
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
                  <td>
                    {line.email || "–"}
                    {line.full_name && <div className="soft">{line.full_name}</div>}
                  </td>
                  <td>
                    <Badge tone={tone}>{report.dry_run ? tried : done}</Badge>
                    {line.outcome === "created" && line.role && (
                      <div className={line.role === "admin" ? "import-admin" : "soft"}>
                        {ROLE_NAMES[line.role]}
                      </div>
                    )}
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
