/** What the course gives out, by lesson; its staff add files, replace and hide them. */
import { useState } from "react";
import type { Sending } from "../../../api/files";
import type { Material } from "../../../api/materials";
import type { Lesson } from "../../../api/outline";
import { Button } from "../../../design/Button";
import { Dialog, DialogActions } from "../../../design/Dialog";
import { EmptyState } from "../../../design/EmptyState";
import { SelectField } from "../../../design/Field";
import { Notice } from "../../../design/Notice";
import { Loading } from "../../../design/Spinner";
import { useTask } from "../../../hooks/useTask";
import { useApi } from "../../../session/Session";
import { FileDrop } from "../files/FileDrop";
import { useUploads } from "../files/useUploads";
import { OfLesson, useLessonWanted } from "../OfLesson";
import { useCourse } from "../useCourse";
import { MaterialDialog } from "./MaterialDialog";
import { MaterialRow } from "./MaterialRow";
import { groupsOf, useMaterials } from "./useMaterials";
import { VersionsDialog } from "./VersionsDialog";

type Asked = { what: "edit" | "versions" | "delete"; material: Material };

export function Materials() {
  const { course, staff } = useCourse();
  const { data, error, reload } = useMaterials();
  const wanted = useLessonWanted();
  const [asked, setAsked] = useState<Asked | null>(null);
  const change = staff && course.status !== "archived";
  const seen = data?.materials.filter(({ lesson_id }) => !wanted || lesson_id === wanted) ?? [];
  const closed = () => setAsked(null);
  return (
    <div>
      {wanted && data && (
        <OfLesson
          lesson={data.lessons.find(({ id }) => id === wanted)}
          all="All materials"
          href={`/courses/${course.id}/materials`}
        />
      )}
      {change && data && <AddMaterials key={wanted} lessons={data.lessons} lesson={wanted} onDone={reload} />}
      {error && <Notice tone="wrong">{error}</Notice>}
      {!data && !error && <Loading label="Loading materials" />}
      {data && seen.length === 0 && (
        <EmptyState icon="book" title={wanted ? "No material in this lesson yet" : "No materials yet"}>
          {change
            ? "Slides, exercises, films: what you add here your students can download."
            : "Files that the teacher gives out appear here."}
        </EmptyState>
      )}
      {data &&
        groupsOf(seen, data.lessons).map(({ lesson, materials }) => {
          const title = lesson?.title ?? "For the whole course";
          return (
            <section key={lesson?.id ?? ""} className="course-part" aria-label={title}>
              <h2>{title}</h2>
              <ul className="list" data-testid={`materials-${title}`}>
                {materials.map((one) => (
                  <MaterialRow
                    key={one.id}
                    material={one}
                    change={change}
                    onAsk={(what) => setAsked({ what, material: one })}
                  />
                ))}
              </ul>
            </section>
          );
        })}
      <MaterialDialog
        id={asked?.what === "edit" ? asked.material.id : null}
        lessons={data?.lessons ?? []}
        onClose={closed}
        onDone={reload}
      />
      <VersionsDialog
        material={asked?.what === "versions" ? asked.material : null}
        change={change}
        onClose={closed}
        onDone={reload}
      />
      <DeleteMaterial
        material={asked?.what === "delete" ? asked.material : null}
        onClose={closed}
        onDone={reload}
      />
    </div>
  );
}

const MAX_TITLE = 200;
const titleOf = (name: string) => name.replace(/\.[^.]+$/, "").slice(0, MAX_TITLE) || name;

/** Each file becomes a material that is called like it. */
function AddMaterials({
  lessons,
  lesson,
  onDone,
}: {
  lessons: readonly Lesson[];
  lesson: string;
  onDone: () => Promise<void>;
}) {
  const { course } = useCourse();
  const { materials } = useApi();
  const [under, setUnder] = useState(lesson);
  const [hidden, setHidden] = useState("");
  const send = async (file: File, sending: Sending) => {
    const made = await materials.add(course.id, {
      title: titleOf(file.name),
      lesson_id: under || null,
      published: hidden === "",
    });
    try {
      await materials.addVersion(course.id, made.id, file, sending);
    } catch (problem) {
      // Without its file it would be an empty line to everybody.
      await materials.delete(course.id, made.id).catch(() => undefined);
      throw problem;
    }
  };
  const uploads = useUploads(send, onDone);
  return (
    <section className="add-materials" aria-label="Add materials">
      <div className="filters">
        <SelectField
          label="New files belong to"
          value={under}
          onChange={(event) => setUnder(event.target.value)}
          data-testid="material-lesson"
        >
          <option value="">Whole course</option>
          {lessons.map(({ id, title }) => (
            <option key={id} value={id}>
              {title}
            </option>
          ))}
        </SelectField>
        <SelectField
          label="Students see them"
          value={hidden}
          onChange={(event) => setHidden(event.target.value)}
          data-testid="material-hidden"
        >
          <option value="">{under ? "With the lesson" : "At once"}</option>
          <option value="hidden">When I say so</option>
        </SelectField>
      </div>
      <FileDrop
        label="Choose files"
        hint="Each becomes a material of its own."
        uploads={uploads}
        testId="material-files"
      />
    </section>
  );
}

function DeleteMaterial({
  material,
  onClose,
  onDone,
}: {
  material: Material | null;
  onClose: () => void;
  onDone: () => Promise<void>;
}) {
  const { materials } = useApi();
  const task = useTask();
  const remove = async () => {
    if (!material) return;
    await task.run(async () => {
      await materials.delete(material.course_id, material.id);
      await onDone();
    }, `“${material.title}” is gone.`);
    onClose();
  };
  return (
    <Dialog title="Delete this material?" open={material !== null} onClose={onClose}>
      <p className="soft">“{material?.title}” goes with all its versions, for everybody and for good.</p>
      <DialogActions>
        <Button onClick={onClose}>Keep it</Button>
        <Button
          tone="danger"
          busy={task.busy}
          onClick={() => void remove()}
          data-testid="confirm-delete-material"
        >
          Delete it
        </Button>
      </DialogActions>
    </Dialog>
  );
}
