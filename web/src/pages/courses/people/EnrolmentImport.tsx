/** A list of people for a course: looked at first, then taken in. */
import { type ChangeEvent, useRef, useState } from "react";
import { Link } from "wouter";
import type { EnrolmentReport } from "../../../api/enrolments";
import { Button, ButtonLink } from "../../../design/Button";
import { Card } from "../../../design/Card";
import { FileField } from "../../../design/Field";
import { Icon } from "../../../design/Icon";
import { Notice } from "../../../design/Notice";
import { plural } from "../../../format";
import { useForm } from "../../../hooks/useForm";
import { useApi } from "../../../session/Session";
import { FormTrouble } from "../../FormTrouble";
import "../../people/Import.css";
import "../../profile/Profile.css";
import { Submit } from "../../Submit";
import { saveText } from "../../save_file";
import { useCourse } from "../useCourse";
import { EnrolmentLines } from "./EnrolmentLines";
import { reportWords } from "./report_words";

const TEMPLATE = "email,role\nsam@school.example,student\nada@school.example,assistant\n";

export function EnrolmentImport() {
  const { course, reload } = useCourse();
  const { enrolments } = useApi();
  const input = useRef<HTMLInputElement>(null);
  const [file, setFile] = useState<File | null>(null);
  const [report, setReport] = useState<EnrolmentReport | null>(null);
  const form = useForm([], async () => {
    if (!file) return;
    const tried = report?.dry_run === true;
    setReport(await enrolments.importCsv(course.id, file, !tried));
    if (tried) await reload();
  });
  const choose = (event: ChangeEvent<HTMLInputElement>) => {
    setFile(event.target.files?.[0] ?? null);
    setReport(null);
    form.clear();
  };
  const again = () => {
    if (input.current) input.current.value = "";
    setFile(null);
    setReport(null);
  };
  const taken = report ? report.enrolled + report.waiting : 0;
  return (
    <div className="import">
      <p className="back-line">
        <Link href={`/courses/${course.id}/people`} className="back-link">
          <Icon name="back" size={16} />
          People
        </Link>
      </p>
      <Card>
        <form className="form" onSubmit={form.onSubmit}>
          <h2>Import a list of people</h2>
          <FormTrouble form={form} />
          <FileField
            ref={input}
            label="List (CSV, UTF-8)"
            chosen={file}
            accept=".csv,text/csv"
            required
            onChange={choose}
            data-testid="enrolment-file"
            hint={
              <>
                The first line names the columns: <code>email</code>, and <code>role</code> if not all are
                students. Only people with an account are taken; who is in the course already stays as they
                are, so a list may be imported again.
              </>
            }
          />
          <div className="button-row">
            {!report && (
              <Submit form={form} data-testid="enrolment-dry-run">
                Check the list
              </Submit>
            )}
            <Button
              icon="download"
              tone="quiet"
              onClick={() => saveText(TEMPLATE, "vtp-enrolment.csv", "text/csv")}
            >
              Download a template
            </Button>
          </div>
          {report && (
            <Notice
              tone={report.failed > 0 ? "warn" : "info"}
              title={reportWords(report)}
              testId={report.dry_run ? "enrolment-foreseen" : "enrolment-imported"}
              action={
                <>
                  <Button size="small" onClick={again}>
                    Another list
                  </Button>
                  {report.dry_run && taken > 0 && (
                    <Submit form={form} size="small" data-testid="enrolment-really">
                      Enrol {plural(taken, "person", "people")}
                    </Submit>
                  )}
                  {!report.dry_run && (
                    <ButtonLink href={`/courses/${course.id}/people`} size="small">
                      To the people
                    </ButtonLink>
                  )}
                </>
              }
            >
              {report.dry_run && "Nothing has been changed so far."}
            </Notice>
          )}
        </form>
      </Card>
      {report && <EnrolmentLines key={`${report.dry_run} ${report.total}`} report={report} />}
    </div>
  );
}
