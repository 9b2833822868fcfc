/** A table of people: looked at first, then taken in. */
import { type ChangeEvent, useRef, useState } from "react";
import { Link } from "wouter";
import type { ImportReport } from "../../api/people";
import { Button, ButtonLink } from "../../design/Button";
import { Card } from "../../design/Card";
import { CheckField, FileField } from "../../design/Field";
import { Icon } from "../../design/Icon";
import { Notice } from "../../design/Notice";
import { plural } from "../../format";
import { useForm } from "../../hooks/useForm";
import { serverOf, useApi, useSession } from "../../session/Session";
import { useWaiting } from "../../session/Waiting";
import { AdminHead, AdminPage } from "../admin/AdminPage";
import { FormTrouble } from "../FormTrouble";
import { Submit } from "../Submit";
import { saveText } from "../save_file";
import "./Import.css";
import { ImportLines } from "./ImportLines";

export const COLUMNS = ["email", "full_name", "role", "phone"] as const;
const TEMPLATE = `${COLUMNS.join(",")}\nsam@school.example,Sam Student,student,\nada@school.example,"Teacher, Ada",teacher,+49 30 1234567\n`;

export function Import() {
  return (
    <AdminPage title="Import people">
      <p className="back-line">
        <Link href="/people" className="back-link">
          <Icon name="back" size={16} />
          People
        </Link>
      </p>
      <AdminHead
        title="Import people"
        lead="From a table with a line for each person. Nothing happens before you have seen what would."
      />
      <Whole />
    </AdminPage>
  );
}

function Whole() {
  const { people } = useApi();
  const { state } = useSession();
  const byMail = serverOf(state)?.mail !== false;
  const { reload: recount } = useWaiting();
  const input = useRef<HTMLInputElement>(null);
  const [file, setFile] = useState<File | null>(null);
  const [report, setReport] = useState<ImportReport | null>(null);
  const [agreed, setAgreed] = useState(false);
  const admins = report ? administratorsOf(report) : [];
  const form = useForm([], async () => {
    if (!file) return;
    const tried = report?.dry_run ? report : null;
    setReport(await people.importCsv(file, tried === null));
    if (tried) await recount();
  });
  const choose = (event: ChangeEvent<HTMLInputElement>) => {
    setFile(event.target.files?.[0] ?? null);
    setReport(null);
    setAgreed(false);
    form.clear();
  };
  const again = () => {
    if (input.current) input.current.value = "";
    setFile(null);
    setReport(null);
    setAgreed(false);
  };
  return (
    <div className="import">
      <Card>
        <form className="form" onSubmit={form.onSubmit}>
          <FormTrouble form={form} />
          <FileField
            ref={input}
            label="Table (CSV, UTF-8)"
            chosen={file}
            accept=".csv,text/csv"
            required
            onChange={choose}
            data-testid="import-file"
            hint={
              <>
                The first line names the columns: <code>{COLUMNS.join(", ")}</code>. Only an address and a
                name must be there; whoever has no role becomes a student. Spreadsheets save this as “CSV
                UTF-8”.
              </>
            }
          />
          <div className="button-row">
            {!report && (
              <Submit form={form} data-testid="dry-run">
                Check the table
              </Submit>
            )}
            <Button
              icon="download"
              tone="quiet"
              onClick={() => saveText(TEMPLATE, "vtp-people.csv", "text/csv")}
              data-testid="template"
            >
              Download a template
            </Button>
          </div>
          {report?.dry_run && report.ignored.length > 0 && (
            <Notice tone="warn" title={notRead(report.ignored)} testId="import-ignored">
              If a role, a name or an address is meant, call the column as above.
            </Notice>
          )}
          {report?.dry_run && admins.length > 0 && (
            <CheckField
              label={makesAdministrators(admins)}
              hint="Administrators approve people, change every role, and can delete every room and recording."
              checked={agreed}
              onChange={(event) => setAgreed(event.target.checked)}
              data-testid="import-admins"
            />
          )}
          {report?.dry_run && (
            <Notice
              tone={report.failed > 0 ? "warn" : "info"}
              title={foreseen(report)}
              testId="import-foreseen"
              action={
                <>
                  <Button size="small" onClick={again}>
                    Another table
                  </Button>
                  {report.created > 0 && (
                    <Submit
                      form={form}
                      size="small"
                      disabled={admins.length > 0 && !agreed}
                      data-testid="import-really"
                    >
                      Import {plural(report.created, "person", "people")}
                    </Submit>
                  )}
                </>
              }
            >
              Nothing has been changed so far.{" "}
              {byMail
                ? "Each new person gets a mail to choose a password."
                : "This server sends no mail: the links to choose a password are under Mails then, to pass on."}
            </Notice>
          )}
          {report && !report.dry_run && (
            <Notice
              tone={report.failed > 0 ? "warn" : "info"}
              title={done(report)}
              testId="import-done"
              action={
                <>
                  <Button size="small" onClick={again}>
                    Another table
                  </Button>
                  <ButtonLink href="/people" size="small">
                    To the people
                  </ButtonLink>
                </>
              }
            />
          )}
        </form>
      </Card>
      {report && <ImportLines key={`${report.dry_run} ${report.total}`} report={report} />}
    </div>
  );
}

/** Who would be an administrator by it, by name. */
export const administratorsOf = ({ lines }: ImportReport): string[] =>
  lines
    .filter(({ outcome, role }) => outcome === "created" && role === "admin")
    .map(({ full_name, email }) => full_name ?? email);

const MOST_NAMED = 5;

export const makesAdministrators = (names: readonly string[]): string => {
  const more = names.length - MOST_NAMED;
  const named = names.slice(0, MOST_NAMED).join(", ") + (more > 0 ? ` and ${more} more` : "");
  return names.length === 1
    ? `Make ${named} an administrator`
    : `Make ${names.length} people administrators: ${named}`;
};

/** A role in a column with another name is none, and makes a student: that must be seen beforehand. */
export const notRead = (columns: readonly string[]): string =>
  `${columns.length === 1 ? "This column is" : "These columns are"} not read: ${columns.join(", ")}.`;

const rest = ({ skipped, failed }: ImportReport): string =>
  [
    skipped > 0 && `${plural(skipped, "is", "are")} here already`,
    failed > 0 && `${plural(failed, "line is", "lines are")} wrong`,
  ]
    .filter(Boolean)
    .join(", ");

const sentenceOf = (first: string, report: ImportReport): string => {
  const others = rest(report);
  return others ? `${first}; ${others}.` : `${first}.`;
};

export const foreseen = (report: ImportReport): string =>
  sentenceOf(`${plural(report.created, "account", "accounts")} would be made`, report);

export const done = (report: ImportReport): string =>
  sentenceOf(`${plural(report.created, "account was", "accounts were")} made`, report);
