/** The reactions to choose from. */
import { useEffect, useRef } from "react";
import "./ReactionBar.css";
import { REACTIONS, ReactionIcon } from "./ReactionIcon";
import { useAct } from "./useClass";
import { useClassView } from "./useClassView";

export function ReactionBar() {
  const act = useAct();
  const { setReacting } = useClassView();
  const bar = useRef<HTMLDivElement>(null);
  useEffect(() => {
    bar.current?.querySelector("button")?.focus();
    const closeOutside = (event: PointerEvent) => {
      const target = event.target as HTMLElement;
      if (!bar.current?.contains(target) && !target.closest("[data-testid=toggle-reactions]"))
        setReacting(false);
    };
    document.addEventListener("pointerdown", closeOutside);
    return () => document.removeEventListener("pointerdown", closeOutside);
  }, [setReacting]);
  return (
    <div ref={bar} className="reaction-bar" role="toolbar" aria-label="Reactions">
      {REACTIONS.map(({ emoji, name }) => (
        <button
          key={emoji}
          type="button"
          aria-label={name}
          title={name}
          onClick={() => void act("react", { reaction: emoji })}
          data-testid={`react-${name.toLowerCase().replace(" ", "-")}`}
        >
          <ReactionIcon emoji={emoji} size={28} />
        </button>
      ))}
    </div>
  );
}
