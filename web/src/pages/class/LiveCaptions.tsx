/** Captions as they are typed: the newest two, over the stage. */
import { withPastCaption } from "../../class/parts/captions";
import "../../design/CaptionLines.css";
import "./LiveCaptions.css";
import { useClass, useClassState } from "./useClass";

const SHOWN = 2;

export function LiveCaptions() {
  const { session } = useClass();
  const { captions } = useClassState();
  const lines = captions.filter((one) => !one.past).slice(-SHOWN);
  const end = (id: number) => session.state.update((state) => state && withPastCaption(state, id));
  return (
    <div className="caption-lines live-captions" aria-live="polite" data-testid="live-captions">
      {lines.map(({ id, language, text }) => (
        <p key={id} lang={language} onAnimationEnd={() => end(id)}>
          {text}
        </p>
      ))}
    </div>
  );
}
