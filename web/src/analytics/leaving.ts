/** Before somebody signs out, what their pages have to say is said: the browser forgets it with everything else. */

type Leave = () => Promise<void>;

const listeners = new Set<Leave>();
/** Nobody waits longer for it. */
const MOST_MS = 2_000;

/** Calls `leave` before somebody signs out, until the function that it gives is called. */
export function beforeSigningOut(leave: Leave): () => void {
  listeners.add(leave);
  return () => listeners.delete(leave);
}

/** Lets all pages say what they have to, for a while. */
export async function sayLastWords(): Promise<void> {
  const said = Promise.allSettled([...listeners].map((leave) => leave()));
  await Promise.race([said, new Promise((done) => setTimeout(done, MOST_MS))]);
}
