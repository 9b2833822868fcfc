import type { Room } from "../../api/rooms";
import { Badge } from "../../design/Badge";
import { ButtonLink } from "../../design/Button";
import { Icon } from "../../design/Icon";
import { Menu, type MenuItem } from "../../design/Menu";
import { day, plural } from "../../format";
import { classLink, watchLink } from "../links";
import { useCopyLink } from "../useCopyLink";

export function RoomCard({
  room,
  onSpace,
  onTerm,
  onDelete,
}: {
  room: Room;
  onSpace: () => void;
  onTerm: () => void;
  onDelete: () => void;
}) {
  const copy = useCopyLink();
  const items: MenuItem[] = [
    { label: "Copy class link", icon: "link", act: () => void copy(classLink(room.slug), "Class link") },
    { label: "Copy watch link", icon: "play", act: () => void copy(watchLink(room.slug), "Watch link") },
    ...(room.may.record
      ? ([
          { label: "Space for recordings", icon: "film", testId: "room-space-menu", act: onSpace },
          { label: "How long they are kept", icon: "calendar", testId: "room-term-menu", act: onTerm },
        ] as const)
      : []),
    ...(room.may.delete
      ? [{ label: "Delete room", icon: "trash", danger: true, testId: "delete-room", act: onDelete } as const]
      : []),
  ];
  return (
    <li className={room.live ? "room room-live" : "room"} data-testid={`room-${room.slug}`}>
      <div className="room-head">
        <h2 className="room-name">{room.name}</h2>
        <Menu
          label={`More for ${room.name}`}
          items={items}
          className="button button-quiet button-small button-icon"
        >
          <Icon name="more" size={18} />
        </Menu>
      </div>
      <p className="room-facts">
        {room.live && (
          <Badge tone="live" pulse>
            Live
          </Badge>
        )}
        {room.recording && <Badge tone="warn">Recording</Badge>}
        {room.participant_count > 0 ? (
          <span className="room-people">
            <Icon name="users" size={15} />
            {plural(room.participant_count, "person", "people")}
          </span>
        ) : (
          !room.live && <span>Made {day(room.created_at)}</span>
        )}
      </p>
      <div className="room-ways">
        <ButtonLink
          href={`/rooms/${room.slug}/class`}
          tone="primary"
          icon="users"
          testId={`class-${room.slug}`}
        >
          Join class
        </ButtonLink>
        <ButtonLink href={`/rooms/${room.slug}/watch`} icon="play" testId={`watch-${room.slug}`}>
          Watch
        </ButtonLink>
        {room.may.publish && (
          <ButtonLink href={`/rooms/${room.slug}/studio`} icon="camera" testId={`studio-${room.slug}`}>
            Studio
          </ButtonLink>
        )}
      </div>
    </li>
  );
}
