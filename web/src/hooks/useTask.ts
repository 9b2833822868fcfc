/** Something that a button starts: one at a time, told of when it has failed. */
import { useState } from "react";
import { sentence } from "../api/problem";
import { useToast } from "../design/Toast";

export interface Task {
  busy: boolean;
  /** Runs the work; says whether it came to its end. */
  run: (work: () => Promise<unknown>, done?: string) => Promise<boolean>;
}

export function useTask(): Task {
  const toast = useToast();
  const [busy, setBusy] = useState(false);
  const run = async (work: () => Promise<unknown>, done?: string): Promise<boolean> => {
    if (busy) return false;
    setBusy(true);
    try {
      await work();
      if (done) toast(done);
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
