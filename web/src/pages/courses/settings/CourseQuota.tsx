/** What the recordings of a course take and may; administrators set it. */
import { useCallback } from "react";
import { Card } from "../../../design/Card";
import { Field } from "../../../design/Field";
import { Notice } from "../../../design/Notice";
import { useToast } from "../../../design/Toast";
import { bytes } from "../../../format";
import { useForm } from "../../../hooks/useForm";
import { useLoaded } from "../../../hooks/useLoaded";
import { useApi } from "../../../session/Session";
import { FormTrouble } from "../../FormTrouble";
import { bytesOf, gigabytesOf } from "../../gigabytes";
import { Submit } from "../../Submit";
import { useCourse } from "../useCourse";

export function CourseQuota({ admin }: { admin: boolean }) {
  const { course } = useCourse();
  const { courses } = useApi();
  const toast = useToast();
  const load = useCallback((signal: AbortSignal) => courses.usage(course.id, signal), [courses, course.id]);
  const { data, error, setData } = useLoaded(load);
  const form = useForm(["bytes"], async ({ bytes: typed = "" }) => {
    setData(await courses.setQuota(course.id, bytesOf(typed)));
    toast("Saved.");
  });
  return (
    <Card>
      <form className="form" onSubmit={form.onSubmit} data-testid="course-quota">
        <h2>Space for recordings</h2>
        {error && <Notice tone="wrong">{error}</Notice>}
        {data && (
          <p className="soft">
            {data.allowed_bytes === null
              ? `They take ${bytes(data.used_bytes)}; there is no limit.`
              : `They take ${bytes(data.used_bytes)} of ${bytes(data.allowed_bytes)}. With all of it used, lessons are recorded no more.`}
          </p>
        )}
        {data && admin && (
          <>
            <FormTrouble form={form} />
            <Field
              label="They may take (gigabytes)"
              name="bytes"
              type="number"
              min={0.001}
              step="any"
              placeholder="No limit"
              defaultValue={gigabytesOf(data.allowed_bytes)}
              error={form.fields.bytes}
              data-testid="quota-gigabytes"
            />
            <p>
              <Submit form={form} data-testid="save-quota">
                Set
              </Submit>
            </p>
          </>
        )}
      </form>
    </Card>
  );
}
