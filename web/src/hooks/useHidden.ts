import { useEffect, useState } from "react";

/** Whether nobody has seen this page for `after_ms`: another tab is in front, or the window is put away. */
export function useHidden(after_ms: number): boolean {
  const [hidden, setHidden] = useState(false);
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const look = () => {
      clearTimeout(timer);
      if (document.visibilityState === "visible") setHidden(false);
      else timer = setTimeout(() => setHidden(true), after_ms);
    };
    document.addEventListener("visibilitychange", look);
    look();
    return () => {
      clearTimeout(timer);
      document.removeEventListener("visibilitychange", look);
    };
  }, [after_ms]);
  return hidden;
}
