/** How large the picture is to be: as the connection allows, or always the same. */
import { useEffect, useRef, useState } from "react";
import { Menu } from "../../design/Menu";
import type { Qualities } from "./source";

/** What was chosen holds for what is attached anew, too, where that has it. */
export function QualityMenu({ qualities }: { qualities: Qualities }) {
  const [wanted, setWanted] = useState<number | null>(null);
  const height = wanted !== null && qualities.heights.includes(wanted) ? wanted : null;
  const chosen = useRef(height);
  chosen.current = height;
  useEffect(() => {
    if (chosen.current !== null) qualities.choose(chosen.current);
  }, [qualities]);
  const choose = (one: number | null) => {
    setWanted(one);
    qualities.choose(one);
  };
  return (
    <Menu
      label="Quality"
      above
      className="button button-quiet player-speed"
      testId="quality"
      items={[null, ...qualities.heights].map((one) => ({
        label: one === null ? "Automatic" : `${one} lines`,
        chosen: one === height,
        act: () => choose(one),
      }))}
    >
      <span className="numbers">{height ?? "Auto"}</span>
    </Menu>
  );
}
