/** What the room allows, changed while the class runs; and who is kept out of it. */
import { useCallback, useEffect, useState } from "react";
import { sentence } from "../../api/problem";
import type { BanDescribed, RoomSettings } from "../../class/protocol";
import { Button } from "../../design/Button";
import { SelectField } from "../../design/Field";
import { plural } from "../../format";
import "./RoomPanel.css";
import { StreamGroup } from "./StreamGroup";
import { Switch } from "./Switch";
import { useAct, useClass, useClassState } from "./useClass";

type ForWhom = "speak" | "camera" | "share" | "chat";

const FOR_ALL: readonly (readonly [ForWhom, string])[] = [
  ["speak", "Speak"],
  ["camera", "Show themselves"],
  ["share", "Share their screen"],
  ["chat", "Write to all in the chat"],
];

const SIZES = [0, 25, 50, 100, 200, 500];

/** Those to choose from, with the one that was set otherwise. */
const sizesWith = (size: number): number[] =>
  [...new Set([...SIZES, size])].sort((one, other) => one - other);

export function RoomPanel() {
  const { settings, may, lobby, call } = useClassState();
  const act = useAct();
  const change = (changed: Partial<RoomSettings>) => void act("change-settings", { settings: changed });
  return (
    <div className="side-body side-stack" data-testid="room-settings">
      <section className="side-group">
        <h3>Students and guests may</h3>
        {FOR_ALL.map(([name, label]) => (
          <Switch
            key={name}
            label={label}
            on={settings[name] === "everyone"}
            onChange={(on) => change({ [name]: on ? "everyone" : "staff" })}
            testId={`setting-${name}`}
          />
        ))}
      </section>
      <section className="side-group">
        <SelectField
          label="Private messages"
          value={settings.private_chat}
          onChange={(event) => change({ private_chat: event.target.value as RoomSettings["private_chat"] })}
        >
          <option value="everyone">Between everybody</option>
          <option value="staff">Only to and from staff</option>
          <option value="nobody">None</option>
        </SelectField>
        {may.appoint && (
          <SelectField
            label="Who may record"
            value={settings.record}
            onChange={(event) => change({ record: event.target.value as RoomSettings["record"] })}
          >
            <option value="staff">Teachers and assistants</option>
            <option value="teachers">Teachers</option>
          </SelectField>
        )}
      </section>
      {lobby !== null && (
        <section className="side-group">
          <h3>The door</h3>
          <Switch
            label="Lobby"
            hint="Who is not staff waits until somebody lets them in."
            on={settings.lobby}
            onChange={(on) => change({ lobby: on })}
            testId="setting-lobby"
          />
          <Switch
            label="Locked"
            hint="Nobody but staff comes in any more."
            on={settings.locked}
            onChange={(on) => change({ locked: on })}
            testId="setting-locked"
          />
        </section>
      )}
      {call && (
        <Switch
          label="Direct connection of two"
          hint="With two in the room, sound and pictures go from one to the other without the server."
          on={settings.p2p}
          onChange={(on) => change({ p2p: on })}
          testId="setting-p2p"
        />
      )}
      <SelectField
        label="Who comes later and only watches"
        hint="Above this many people they follow a live stream, a few seconds late, which costs the server far less."
        value={settings.watch_only_above}
        onChange={(event) => change({ watch_only_above: Number(event.target.value) })}
        data-testid="setting-large"
      >
        {sizesWith(settings.watch_only_above).map((size) => (
          <option key={size} value={size}>
            {size === 0
              ? "Takes part as all others"
              : `Follows the stream above ${plural(size, "person", "people")}`}
          </option>
        ))}
      </SelectField>
      {may.record && <StreamGroup />}
      {lobby !== null && <Bans />}
    </div>
  );
}

/** Who is banned; asked for when the panel opens. */
function Bans() {
  const { session } = useClass();
  const act = useAct();
  const [bans, setBans] = useState<readonly BanDescribed[]>([]);
  const [problem, setProblem] = useState("");
  const load = useCallback(async () => {
    try {
      setBans((await session.call("get-bans")).bans);
    } catch (error) {
      setProblem(sentence(error));
    }
  }, [session]);
  useEffect(() => void load(), [load]);
  const lift = async (banId: string) => {
    await act("unban", { banId });
    await load();
  };
  if (bans.length === 0) return problem ? <p className="field-hint">{problem}</p> : null;
  return (
    <section className="side-group">
      <h3>Kept out</h3>
      <ul className="bans">
        {bans.map((ban) => (
          <li key={ban.banId}>
            <bdi>{ban.full_name}</bdi>
            <Button size="small" onClick={() => void lift(ban.banId)}>
              Lift the ban
            </Button>
          </li>
        ))}
      </ul>
    </section>
  );
}
