/** One person in the list, with what others may do to them. */
import type { Person } from "../../class/parts/people";
import type { Role } from "../../class/protocol";
import { Avatar } from "../../design/Avatar";
import { Icon } from "../../design/Icon";
import { Menu } from "../../design/Menu";
import { QualityMark } from "./QualityMark";
import { useClass, useClassState, useOwnMedia, useStore } from "./useClass";
import { usePersonMenu } from "./usePersonMenu";

const ROLES: Readonly<Record<Role, string>> = {
  admin: "Administrator",
  teacher: "Teacher",
  assistant: "Assistant",
  student: "",
  guest: "Guest",
};

export function PersonRow({ person, hand, group }: { person: Person; hand: number; group: string }) {
  const { me, media, may, stage } = useClassState();
  const own = useOwnMedia();
  const items = usePersonMenu()(person);
  const isMe = person.id === me;
  const direct = useStore(useClass().session.direct);
  const sends = (source: "microphone" | "camera") =>
    (direct?.peerId === person.id && direct.tracks.has(source)) ||
    media.some((one) => one.owner === person.id && one.source === source && !one.paused);
  const heard = isMe ? own.microphoneOn && may.speak : sends("microphone");
  const seen = isMe ? own.camera !== null && may.camera : sends("camera");
  const facts = [ROLES[person.role], stage?.presenter === person.id && "Presenter", group].filter(Boolean);
  return (
    <li className="person" data-testid={`person-${person.id}`} data-name={person.name}>
      <Avatar name={person.name} />
      <span className="person-words">
        <span className="person-name">
          <bdi>{person.name}</bdi>
          {isMe && <span className="soft"> (you)</span>}
        </span>
        {facts.length > 0 && <span className="person-role">{facts.join(" · ")}</span>}
      </span>
      <span className="person-marks">
        {hand > 0 && (
          <span className="person-hand" title="Hand raised">
            <Icon name="hand" size={14} />
            <span className="numbers">{hand}</span>
            <span className="visually-hidden">in the queue of raised hands</span>
          </span>
        )}
        <QualityMark personId={person.id} className="person-quality" />
        <Mark
          on={heard}
          icon={heard ? "microphone" : "microphoneOff"}
          words={heard ? "Microphone on" : "Muted"}
        />
        <Mark on={seen} icon={seen ? "camera" : "cameraOff"} words={seen ? "Camera on" : "Camera off"} />
      </span>
      {items.length > 0 ? (
        <Menu
          label={`More for ${person.name}`}
          items={items}
          floating
          className="button button-quiet button-small button-icon"
          testId="person-more"
        >
          <Icon name="more" size={18} />
        </Menu>
      ) : (
        may.moderate && <span className="person-space" />
      )}
    </li>
  );
}

function Mark({ on, icon, words }: { on: boolean; icon: Parameters<typeof Icon>[0]["name"]; words: string }) {
  return (
    <span className={on ? "person-live" : undefined} title={words}>
      <Icon name={icon} size={17} />
      <span className="visually-hidden">{words}</span>
    </span>
  );
}
