/** In which language somebody writes captions: the one chosen last, at first the browser's own. */
import { useState } from "react";
import { remember, remembered } from "../../storage";
import { languagesWith, ownLanguage } from "./languages";

const KEY = "vtp.caption-language";

export interface CaptionLanguage {
  language: string;
  choose: (tag: string) => void;
  /** What there is to choose from, by name. */
  languages: { tag: string; name: string }[];
}

/** `also`: languages to choose from beside those that everybody is offered. */
export function useCaptionLanguage(also: readonly string[] = []): CaptionLanguage {
  const [language, setLanguage] = useState(() => remembered(KEY) ?? ownLanguage());
  const choose = (tag: string) => {
    setLanguage(tag);
    remember(KEY, tag);
  };
  return { language, choose, languages: languagesWith([language, ownLanguage(), ...also]) };
}
