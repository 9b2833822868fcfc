import type { Room } from "../../api/rooms";
import { Badge } from "../../design/Badge";
import { ButtonLink } from "../../design/Button";
import { Icon } from "../../design/Icon";
import { Menu, type MenuItem } from "../../design/Menu";
import { useToast } from "../../design/Toast";
import { day, plural } from "../../format";
import { copyText, watchLink } from "../links";

export function RoomCard({ room, onDelete }: { room: Room; onDelete: () => void }) {
  const toast = useToast();
  const copy = async () => {
    const done = await copyText(watchLink(room.slug));
    toast(done ? "Watch link copied." : "The link could not be copied.", done ? {} : { tone: "wrong" });
  };
  const items: MenuItem[] = [
    { label: "Copy watch link", icon: "link", act: () => void copy() },
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
          href={`/rooms/${room.slug}/watch`}
          tone={room.live ? "primary" : "plain"}
          icon="play"
          testId={`watch-${room.slug}`}
        >
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
