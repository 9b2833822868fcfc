/** Recordings that can be filed in a course: those that are not there already. */
import type { CourseRecordingsApi } from "../../../api/course_recordings";
import { readFirst } from "../../../api/pages";
import type { ListedRecording, RecordingsApi } from "../../../api/recordings";

const PROPOSALS = 30;
const AT_ONCE = 100;
/** So many are read of what is filed, and looked through for proposals, at most. */
const MOST = 2000;

export interface Unfiled {
  items: ListedRecording[];
  /** Older ones were not looked at: there may be some that are not filed. */
  more: boolean;
}

/** The ids of what is filed in a course. */
export async function readFiled(
  courseRecordings: Pick<CourseRecordingsApi, "list">,
  course: string,
  signal?: AbortSignal,
): Promise<ReadonlySet<string>> {
  const filed = await readFirst(MOST, (page) => courseRecordings.list(course, page, signal));
  return new Set(filed.items.map(({ recording_id }) => recording_id));
}

/** The newest of those that match the words, and are not among what is filed. */
export async function findUnfiled(
  recordings: Pick<RecordingsApi, "list">,
  filed: ReadonlySet<string>,
  q: string,
  signal?: AbortSignal,
): Promise<Unfiled> {
  const found: ListedRecording[] = [];
  let cursor: string | undefined;
  for (let looked = 0; looked < MOST && found.length < PROPOSALS; looked += AT_ONCE) {
    const page = await recordings.list({ q, limit: AT_ONCE, cursor }, signal);
    found.push(...page.items.filter(({ recording_id }) => !filed.has(recording_id)));
    cursor = page.next_cursor ?? undefined;
    if (cursor === undefined) break;
  }
  return { items: found.slice(0, PROPOSALS), more: cursor !== undefined };
}

/** Why there are none to choose from. */
export function whyNone(q: string, { more }: Unfiled): string {
  if (more) {
    return q
      ? "The newest that match are filed here already: look for others by more words."
      : "The newest that you see are filed here already: look for others by words.";
  }
  return q
    ? "No recording that you see matches, or it is filed here already."
    : "All recordings that you see are filed here already.";
}
