/** The chat: messages, looking for words in them, and the field to write in. */
import { type RefObject, useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState } from "react";
import { reading, withOlder } from "../../class/parts/chat";
import type { ChatItem } from "../../class/protocol";
import { Button } from "../../design/Button";
import { Icon } from "../../design/Icon";
import { SearchInput } from "../../design/SearchInput";
import { useSettled } from "../../hooks/useSettled";
import { ChatForm, type Draft } from "./ChatForm";
import { ChatLine, type MessageRights } from "./ChatLine";
import "./ChatPanel.css";
import { useAct, useClass, useClassState } from "./useClass";

export function ChatPanel() {
  const { session } = useClass();
  const [words, setWords] = useState("");
  const [draft, setDraft] = useState<Draft>({ kind: "new" });
  useEffect(() => {
    session.state.update((state) => state && reading(state, true));
    return () => session.state.update((state) => state && reading(state, false));
  }, [session]);
  return (
    <>
      <div className="chat-search">
        <SearchInput label="Search the chat" value={words} onChange={setWords} testId="chat-search" />
      </div>
      {words.trim() ? <Found words={words} onDraft={setDraft} /> : <Messages onDraft={setDraft} />}
      <ChatForm draft={draft} onDraft={setDraft} />
    </>
  );
}

function Messages({ onDraft }: { onDraft: (draft: Draft) => void }) {
  const { session } = useClass();
  const state = useClassState();
  const list = useRef<HTMLDivElement>(null);
  const act = useAct();
  const [busy, setBusy] = useState(false);
  const messages = state.chat?.messages ?? [];
  const may = useMessageRights();
  useFollow(list, messages);
  const older = async () => {
    setBusy(true);
    const first = messages[0];
    const answer = await act("get-chat", first ? { before: first.id } : {});
    setBusy(false);
    if (!answer) return;
    session.state.update((now) => now && withOlder(now, answer.messages, answer.more));
  };
  return (
    <div ref={list} className="chat-list" data-testid="chat-list">
      {state.chat?.more && (
        <Button size="small" tone="quiet" busy={busy} onClick={() => void older()}>
          Older messages
        </Button>
      )}
      {messages.length === 0 && (
        <p className="side-empty">
          <Icon name="chat" size={26} />
          <br />
          Nothing has been written yet.
        </p>
      )}
      <ol aria-live="polite" aria-relevant="additions">
        {messages.map((message, index) => (
          <ChatLine
            key={message.id}
            message={message}
            follows={follows(messages[index - 1], message)}
            answered={messages.find((one) => one.id === message.replyTo) ?? null}
            me={state.me}
            may={may}
            onDraft={onDraft}
          />
        ))}
      </ol>
    </div>
  );
}

function useMessageRights(): MessageRights {
  const { may, settings, people, me } = useClassState();
  const role = people.find((one) => one.id === me)?.role ?? "student";
  const writeAlone = settings.private_chat !== "nobody";
  return useMemo(
    () => ({ write: may.chat, writeAlone, moderate: may.moderate, role }),
    [may.chat, may.moderate, writeAlone, role],
  );
}

const CLOSE_MS = 120_000;

/** Whether a message goes on from the one before, so that the name need not be said again. */
function follows(before: ChatItem | undefined, message: ChatItem): boolean {
  return (
    before !== undefined &&
    before.from.participantId === message.from.participantId &&
    before.to?.participantId === message.to?.participantId &&
    message.replyTo === null &&
    Date.parse(message.sentAt) - Date.parse(before.sentAt) < CLOSE_MS
  );
}

const NEAR_PX = 80;

/** Keeps the newest message in sight for who is at the end already; older ones that are put before move nothing. */
function useFollow(list: RefObject<HTMLDivElement | null>, messages: readonly ChatItem[]): void {
  const last = messages.at(-1)?.id;
  const first = messages[0]?.id;
  const seen = useRef<{ first: string | undefined; height: number; atEnd: boolean }>({
    first: undefined,
    height: 0,
    atEnd: true,
  });
  useEffect(() => {
    const element = list.current;
    if (!element) return;
    const note = () => {
      seen.current.atEnd = element.scrollHeight - element.scrollTop - element.clientHeight < NEAR_PX;
    };
    // What is written in the field below makes it higher, and a phone's keyboard the window lower.
    const observer = new ResizeObserver(() => {
      if (seen.current.atEnd) element.scrollTop = element.scrollHeight;
    });
    element.addEventListener("scroll", note);
    observer.observe(element);
    return () => {
      element.removeEventListener("scroll", note);
      observer.disconnect();
    };
  }, [list]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: runs for every new first or last message
  useLayoutEffect(() => {
    const element = list.current;
    if (!element) return;
    const { first: before, height, atEnd } = seen.current;
    if (atEnd) element.scrollTop = element.scrollHeight;
    else if (before !== undefined && first !== before) element.scrollTop += element.scrollHeight - height;
    seen.current.first = first;
    seen.current.height = element.scrollHeight;
  }, [list, first, last]);
}

/** Messages in which the words are, newest last, as the server finds them. */
function Found({ words, onDraft }: { words: string; onDraft: (draft: Draft) => void }) {
  const { me } = useClassState();
  const may = useMessageRights();
  const wanted = useSettled(words.trim());
  const [found, setFound] = useState<readonly ChatItem[] | null>(null);
  const act = useAct();
  const search = useCallback(async () => {
    const answer = await act("get-chat", { search: wanted });
    setFound(answer?.messages ?? []);
  }, [act, wanted]);
  useEffect(() => {
    if (wanted) void search();
  }, [search, wanted]);
  return (
    <div className="chat-list" data-testid="chat-found">
      {found?.length === 0 && <p className="side-empty">Nothing was found.</p>}
      <ol>
        {found?.map((message) => (
          <ChatLine
            key={message.id}
            message={message}
            follows={false}
            answered={null}
            me={me}
            may={may}
            onDraft={onDraft}
          />
        ))}
      </ol>
    </div>
  );
}
