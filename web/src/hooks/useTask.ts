/** Something that a button starts: one at a time, told of when it has failed. */
import { useState } from "react";
import { sentence } from "../api/problem";
import { useToast } from "../design/Toast";

export interface Task {
  busy: boolean;
  /** Runs the work; says whether it came to its end. `done` is told then, or what it makes of the answer. */
  run: <T>(work: () => Promise<T>, done?: string | ((answer: T) => string)) => Promise<boolean>;
}

export function useTask(): Task {
  const toast = useToast();
  const [busy, setBusy] = useState(false);
  const run: Task["run"] = async (work, done) => {
    if (busy) return false;
    setBusy(true);
    try {
      const answer = await work();
      if (done) toast(typeof done === "string" ? done : done(answer));
      return true;
    } catch (problem) {
      toast(sentence(problem), { tone: "wrong" });
      return false;
    } finally {
      setBusy(false);
    }
  };
  return { busy, run };
}
