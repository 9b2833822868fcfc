/** The fields that say from when students see something. */
import { useState } from "react";
import type { Section } from "../../api/outline";
import { CheckField, Field } from "../../design/Field";
import type { FormState } from "../../hooks/useForm";
import { fromLocal, toLocal } from "./local_time";

export const RELEASE_FIELDS = ["published", "release_at"] as const;

export function ReleaseFields({
  form,
  value,
}: {
  form: FormState;
  value: Pick<Section, "published" | "release_at">;
}) {
  const [published, setPublished] = useState(value.published);
  return (
    <>
      <CheckField
        label="Students see it"
        name="published"
        checked={published}
        onChange={(event) => setPublished(event.target.checked)}
        data-testid="published"
      />
      {published && (
        <Field
          label="Not before (if it is for later)"
          name="release_at"
          type="datetime-local"
          defaultValue={toLocal(value.release_at)}
          error={form.fields.release_at}
          data-testid="release-at"
        />
      )}
    </>
  );
}

/** What the fields say; `was`: what they have shown. */
export const releaseOf = (
  values: Record<string, string>,
  was: Pick<Section, "release_at">,
): Pick<Section, "published" | "release_at"> => ({
  published: values.published === "on",
  release_at: fromLocal(values.release_at ?? "", was.release_at),
});
