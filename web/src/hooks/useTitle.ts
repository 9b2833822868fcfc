import { useEffect } from "react";

/** Names the page in the window's title and in the browser's history. */
export function useTitle(title: string): void {
  useEffect(() => {
    document.title = title ? `${title} · vtp` : "vtp";
  }, [title]);
}
