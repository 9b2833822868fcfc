/** The words of a video, above its controls. */
import { useEffect, useRef } from "react";
import "../../design/CaptionLines.css";

export function CaptionText({ words }: { words: DocumentFragment[] }) {
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    box.current?.replaceChildren(
      ...words.map((fragment) => {
        const line = document.createElement("p");
        line.append(fragment.cloneNode(true));
        return line;
      }),
    );
  }, [words]);
  return (
    <div
      className="caption-lines player-captions"
      ref={box}
      data-testid="caption-text"
      hidden={words.length === 0}
    />
  );
}
