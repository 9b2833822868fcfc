/** The chat: messages in order, how many are unread; null while the server has none. */
import type { ChatItem, Pushes, Reply } from "../protocol";

export interface Chat {
  messages: readonly ChatItem[];
  /** Whether older ones can be asked for. */
  more: boolean;
  unread: number;
  /** While it is being read nothing becomes unread. */
  reading: boolean;
}

export interface ChatPart {
  me: string;
  chat: Chat | null;
}

/** Older ones are asked for again when somebody scrolls up to them. */
const MOST_KEPT = 1_000;

const EMPTY: Chat = { messages: [], more: false, unread: 0, reading: false };

/** The chat as `get-chat` answers it, in place of the one before; what has come since it was asked stays. */
export function withPage<S extends ChatPart>(
  state: S,
  answer: Reply<"get-chat">,
  before: readonly ChatItem[],
): S {
  const { messages, unread, reading } = state.chat ?? EMPTY;
  const known = new Set([...before, ...answer.messages].map((one) => one.id));
  const since = messages.filter((one) => !known.has(one.id));
  return { ...state, chat: { ...answer, messages: [...answer.messages, ...since], unread, reading } };
}

function change<S extends ChatPart>(state: S, how: (chat: Chat) => Chat): S {
  return state.chat ? { ...state, chat: how(state.chat) } : state;
}

/** Puts a message in its place; the same one again changes it. */
export function withMessage<S extends ChatPart>(state: S, message: ChatItem): S {
  return change(state, (chat) => {
    const known = chat.messages.some((one) => one.id === message.id);
    if (known)
      return { ...chat, messages: chat.messages.map((one) => (one.id === message.id ? message : one)) };
    const isNews = !chat.reading && message.from.participantId !== state.me;
    return {
      ...chat,
      messages: [...chat.messages, message].slice(-MOST_KEPT),
      more: chat.more || chat.messages.length >= MOST_KEPT,
      unread: chat.unread + (isNews ? 1 : 0),
    };
  });
}

/** Words of one's own whose call was not answered: they may have been told all the same. */
export interface Unanswered {
  text: string;
  /** Whom they are for alone; empty: everybody. */
  to: string;
  /** The messages that there were before. */
  before: ReadonlySet<string>;
}

/** Whether what was written has come after all. */
export function hasCome({ text, to, before }: Unanswered, { me, chat }: ChatPart): boolean {
  const isIt = (one: ChatItem) =>
    !before.has(one.id) &&
    one.from.participantId === me &&
    one.text === text &&
    (one.to?.participantId ?? "") === to;
  return chat?.messages.some(isIt) ?? false;
}

/** Puts older messages before those that are there. */
export function withOlder<S extends ChatPart>(state: S, older: readonly ChatItem[], more: boolean): S {
  return change(state, (chat) => {
    const known = new Set(chat.messages.map((one) => one.id));
    return { ...chat, messages: [...older.filter((one) => !known.has(one.id)), ...chat.messages], more };
  });
}

export const reading = <S extends ChatPart>(state: S, now: boolean): S =>
  change(state, (chat) => ({ ...chat, reading: now, unread: now ? 0 : chat.unread }));

export const chatHandlers = {
  "chat-message": <S extends ChatPart>(state: S, data: Pushes["chat-message"]): S =>
    withMessage({ ...state, chat: state.chat ?? EMPTY }, data.message),
  "chat-edited": <S extends ChatPart>(state: S, data: Pushes["chat-edited"]): S =>
    change(state, (chat) => {
      const message = data.message;
      return { ...chat, messages: chat.messages.map((one) => (one.id === message.id ? message : one)) };
    }),
  "chat-deleted": <S extends ChatPart>(state: S, data: Pushes["chat-deleted"]): S =>
    change(state, (chat) => ({
      ...chat,
      messages: chat.messages.map((one) =>
        one.id === data.messageId ? { ...one, text: "", deleted: true } : one,
      ),
    })),
};
