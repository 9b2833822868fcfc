/** What staff do while breakout rooms are open. */
import { type FormEvent, useState } from "react";
import { Button } from "../../design/Button";
import { Field } from "../../design/Field";
import { useToast } from "../../design/Toast";
import { useAct } from "./useClass";

const WARNING_S = 60;

export function BreakoutsStaff() {
  const act = useAct();
  const toast = useToast();
  const [text, setText] = useState("");
  const tell = async (event: FormEvent) => {
    event.preventDefault();
    const answer = await act("broadcast-breakouts", { text: text.trim() });
    if (!answer) return;
    setText("");
    toast("All rooms have been told.");
  };
  return (
    <section className="side-group">
      <form className="breakouts-tell" onSubmit={(event) => void tell(event)}>
        <Field
          label="Say something to all rooms"
          maxLength={1_000}
          value={text}
          onChange={(event) => setText(event.target.value)}
          data-testid="broadcast-text"
        />
        <Button type="submit" disabled={!text.trim()} data-testid="broadcast-send">
          Send
        </Button>
      </form>
      <div className="side-row">
        <Button size="small" onClick={() => void act("close-breakouts", { inS: WARNING_S })}>
          Close in a minute
        </Button>
        <Button
          size="small"
          tone="danger"
          onClick={() => void act("close-breakouts")}
          data-testid="close-breakouts"
        >
          Call all back now
        </Button>
      </div>
    </section>
  );
}
