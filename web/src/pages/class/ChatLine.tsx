/** One message of the chat. */
import { memo } from "react";
import { outranks } from "../../class/parts/people";
import type { ChatItem, Role } from "../../class/protocol";
import { partsOf } from "../../class/text";
import { IconButton } from "../../design/Button";
import { timeOfDay } from "../../format";
import type { Draft } from "./ChatForm";
import { useAct } from "./useClass";

interface ChatLineProps {
  message: ChatItem;
  /** It goes on from the one before: the name is not said again. */
  follows: boolean;
  /** What it answers, where that is known. */
  answered: ChatItem | null;
  me: string;
  may: MessageRights;
  onDraft: (draft: Draft) => void;
}

/** What one may do with a message; the same object as long as nothing has changed. */
export interface MessageRights {
  write: boolean;
  writeAlone: boolean;
  moderate: boolean;
  role: Role;
}

/** Drawn once: a class with a long chat draws nothing of it anew when somebody raises a hand. */
export const ChatLine = memo(function ChatLine(props: ChatLineProps) {
  const { message, follows, answered, me, may, onDraft } = props;
  const mine = message.from.participantId === me;
  const time = timeOfDay(new Date(message.sentAt));
  return (
    <li
      className={`chat-line ${follows ? "chat-follows" : ""} ${message.to ? "chat-private" : ""}`}
      data-testid="chat-line"
      data-from={message.from.fullName}
    >
      {!follows && (
        <p className="chat-head">
          <strong>{mine ? "You" : <bdi>{message.from.fullName}</bdi>}</strong>
          {message.from.role === "guest" && !mine && <span className="chat-role">guest</span>}
          {message.to && (
            <span className="chat-to">
              to {message.to.participantId === me ? "you" : <bdi>{message.to.fullName}</bdi>} alone
            </span>
          )}
          <time dateTime={message.sentAt} className="numbers">
            {time}
          </time>
        </p>
      )}
      {message.replyTo && (
        <p className="chat-answered">
          {answered
            ? `${answered.from.fullName}: ${answered.deleted ? "(deleted)" : answered.text}`
            : "An earlier message"}
        </p>
      )}
      {message.deleted ? (
        <p className="chat-gone">This message was deleted.</p>
      ) : (
        <p className="chat-text" dir="auto">
          <Text text={message.text} />
          {message.editedAt && <span className="chat-edited"> (edited)</span>}
        </p>
      )}
      {!message.deleted && <Tools message={message} mine={mine} may={may} onDraft={onDraft} />}
    </li>
  );
});

function Text({ text }: { text: string }) {
  return partsOf(text).map((part, index) =>
    part.href ? (
      // biome-ignore lint/suspicious/noArrayIndexKey: the parts of one text never move
      <a key={index} href={part.href} target="_blank" rel="noopener noreferrer nofollow">
        {part.text}
      </a>
    ) : (
      // biome-ignore lint/suspicious/noArrayIndexKey: the parts of one text never move
      <span key={index}>{part.text}</span>
    ),
  );
}

function Tools({
  message,
  mine,
  may,
  onDraft,
}: {
  message: ChatItem;
  mine: boolean;
  may: MessageRights;
  onDraft: (draft: Draft) => void;
}) {
  const act = useAct();
  const mayWrite = message.to ? may.writeAlone : may.write;
  return (
    <div className="chat-tools">
      {mayWrite && (
        <IconButton
          icon="reply"
          label="Reply"
          size="small"
          onClick={() => onDraft({ kind: "reply", message })}
          data-testid="chat-reply"
        />
      )}
      {mine && mayWrite && (
        <IconButton
          icon="edit"
          label="Edit"
          size="small"
          onClick={() => onDraft({ kind: "edit", message })}
          data-testid="chat-edit"
        />
      )}
      {(mine || (may.moderate && !outranks(may.role, message.from.role))) && (
        <IconButton
          icon="trash"
          label="Delete"
          size="small"
          onClick={() => void act("delete-chat", { messageId: message.id })}
          data-testid="chat-delete"
        />
      )}
    </div>
  );
}
