import { useCallback } from "react";
import { useToast } from "../design/Toast";
import { copiedWords, copyText } from "./links";

/** Copies a link and says so, and who could not open it. */
export function useCopyLink(): (link: string, name?: string) => Promise<boolean> {
  const toast = useToast();
  return useCallback(
    async (link, name) => {
      const done = await copyText(link);
      const { text, well } = copiedWords(link, done, name);
      toast(text, well ? {} : { tone: "wrong" });
      return done;
    },
    [toast],
  );
}
