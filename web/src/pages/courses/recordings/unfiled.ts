/** Recordings that can be filed in a course: those that are not there already. */
import type { CourseRecordingsApi } from "../../../api/course_recordings";
import { readFirst } from "../../../api/pages";
import type { ListedRecording, RecordingsApi } from "../../../api/recordings";

const PROPOSALS = 30;
const AT_ONCE = 100;
/** So many are read of what is filed, and looked through for proposals, at most. */
const MOST = 2000;

/** The newest of those that match the words. */
export async function findUnfiled(
  recordings: Pick<RecordingsApi, "list">,
  courseRecordings: Pick<CourseRecordingsApi, "list">,
  course: string,
  q: string,
  signal?: AbortSignal,
): Promise<ListedRecording[]> {
  const filed = await readFirst(MOST, (page) => courseRecordings.list(course, page, signal));
  const there = new Set(filed.items.map(({ recording_id }) => recording_id));
  const found: ListedRecording[] = [];
  let cursor: string | undefined;
  for (let looked = 0; looked < MOST && found.length < PROPOSALS; looked += AT_ONCE) {
    const page = await recordings.list({ q, limit: AT_ONCE, cursor }, signal);
    found.push(...page.items.filter(({ recording_id }) => !there.has(recording_id)));
    cursor = page.next_cursor ?? undefined;
    if (cursor === undefined) break;
  }
  return found.slice(0, PROPOSALS);
}
