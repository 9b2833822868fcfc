/** Writing to all, to one alone, an answer, or a change of what was written. */
import { type FormEvent, type KeyboardEvent, useEffect, useRef, useState } from "react";
import { hasCome, type Unanswered, withMessage } from "../../class/parts/chat";
import { isStaff, type Person } from "../../class/parts/people";
import type { ChatItem } from "../../class/protocol";
import type { ClassState } from "../../class/state";
import { IconButton } from "../../design/Button";
import { Icon } from "../../design/Icon";
import { randomKey } from "../../session/guest";
import { useAct, useClass, useClassState } from "./useClass";

export type Draft = { kind: "new" } | { kind: "reply" | "edit"; message: ChatItem };

const LONGEST = 4_000;

/** Whom one may write to alone. */
export function privateTo(state: ClassState): readonly Person[] {
  const rule = state.settings.private_chat;
  const others = state.people.filter((one) => one.id !== state.me);
  if (rule === "nobody") return [];
  return rule === "everyone" || state.may.moderate ? others : others.filter((one) => isStaff(one.role));
}

export function ChatForm({ draft, onDraft }: { draft: Draft; onDraft: (draft: Draft) => void }) {
  const { session } = useClass();
  const state = useClassState();
  const act = useAct();
  const field = useRef<HTMLTextAreaElement>(null);
  const [text, setText] = useState("");
  const [chosen, setChosen] = useState("");
  const [busy, setBusy] = useState(false);
  const people = privateTo(state);
  const to = recipient(draft, chosen, state);
  // Whoever it is for may have left: then it goes to nobody, and never to everybody in place of them.
  const reachable = draft.kind !== "new" || (to ? people.some((one) => one.id === to) : state.may.chat);
  /** The same for each try of the same words, so that they arrive once. */
  const clientId = useRef("");
  const write = (words: string) => {
    clientId.current = randomKey();
    setUnanswered(null);
    setText(words);
  };
  const [unanswered, setUnanswered] = useState<Unanswered | null>(null);
  useEffect(() => {
    if (!unanswered || !hasCome(unanswered, state)) return;
    setUnanswered(null);
    setText("");
    onDraft({ kind: "new" });
  }, [unanswered, state, onDraft]);
  useEffect(() => {
    if (draft.kind === "edit") setText(draft.message.text);
    field.current?.focus();
  }, [draft]);
  if (!state.may.chat && people.length === 0)
    return <p className="chat-closed">Only staff write in the chat at the moment.</p>;
  const put = (answer: { message: ChatItem }) =>
    session.state.update((now) => now && withMessage(now, answer.message));
  const send = async (event?: FormEvent) => {
    event?.preventDefault();
    const words = text.trim();
    if (!words || busy || !reachable) return;
    setBusy(true);
    const before = new Set(state.chat?.messages.map((one) => one.id));
    const answer = await (draft.kind === "edit"
      ? act("edit-chat", { messageId: draft.message.id, text: words })
      : act("send-chat", {
          text: words,
          clientId: clientId.current,
          ...(to && { to }),
          ...(draft.kind === "reply" && { replyTo: draft.message.id }),
        }));
    setBusy(false);
    if (!answer) {
      if (draft.kind !== "edit") setUnanswered({ text: words, to, before });
      return;
    }
    setUnanswered(null);
    put(answer);
    setText("");
    onDraft({ kind: "new" });
  };
  const onKey = (event: KeyboardEvent) => {
    // Enter chooses a word while an input method is composing.
    if (event.key === "Enter" && !event.shiftKey && !event.nativeEvent.isComposing) {
      event.preventDefault();
      void send();
    }
    if (event.key === "Escape" && draft.kind !== "new") {
      event.stopPropagation();
      if (draft.kind === "edit") setText("");
      onDraft({ kind: "new" });
    }
  };
  return (
    <form className="chat-form" onSubmit={(event) => void send(event)}>
      {draft.kind !== "new" && (
        <p className="chat-draft">
          <Icon name={draft.kind === "edit" ? "edit" : "reply"} size={14} />
          <span>
            {draft.kind === "edit"
              ? "Changing your message"
              : `To ${draft.message.from.fullName}: ${draft.message.text}`}
          </span>
          <IconButton
            icon="close"
            label="Cancel"
            size="small"
            onClick={() => {
              if (draft.kind === "edit") setText("");
              onDraft({ kind: "new" });
            }}
          />
        </p>
      )}
      {draft.kind === "new" && (people.length > 0 || to) && (
        <label className="chat-whom">
          <span>To</span>
          <select
            value={to}
            onChange={(event) => {
              clientId.current = randomKey();
              setChosen(event.target.value);
            }}
            data-testid="chat-to"
          >
            {state.may.chat ? <option value="">Everybody</option> : <option value="">Choose somebody</option>}
            {to && !reachable && <option value={to}>Somebody who is not here</option>}
            {people.map((one) => (
              <option key={one.id} value={one.id}>
                {one.name} alone
              </option>
            ))}
          </select>
        </label>
      )}
      <div className="chat-field">
        <textarea
          ref={field}
          className="field-input"
          rows={Math.min(5, text.split("\n").length)}
          maxLength={LONGEST}
          value={text}
          placeholder={to ? "A private message" : "Message"}
          aria-label={to ? "Private message" : "Message to everybody"}
          onChange={(event) => write(event.target.value)}
          onKeyDown={onKey}
          data-testid="chat-text"
        />
        <IconButton
          type="submit"
          icon="send"
          label="Send"
          tone="primary"
          disabled={!text.trim() || busy || !reachable}
          data-testid="chat-send"
        />
      </div>
    </form>
  );
}

/** The one whom it is for alone; empty: everybody. An answer to a private message stays private. */
export function recipient(draft: Draft, chosen: string, state: ClassState): string {
  if (draft.kind === "reply" && draft.message.to) {
    const { from, to } = draft.message;
    return from.participantId === state.me ? to.participantId : from.participantId;
  }
  return chosen;
}
