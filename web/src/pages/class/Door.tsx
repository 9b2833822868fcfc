/** Before the class: how one looks and sounds, which devices, and for guests the name. */
import { type FormEvent, useEffect, useState } from "react";
import { Link } from "wouter";
import type { Room } from "../../api/rooms";
import { AppShell } from "../../design/AppShell";
import { Badge } from "../../design/Badge";
import { Button } from "../../design/Button";
import { Field } from "../../design/Field";
import { Icon } from "../../design/Icon";
import { Meter } from "../../design/Meter";
import { Notice } from "../../design/Notice";
import { plural } from "../../format";
import { useSession } from "../../session/Session";
import { remember, remembered } from "../../storage";
import { useLevel } from "../studio/useLevel";
import { DeviceFields } from "./DeviceFields";
import "./Door.css";
import { homeOf } from "./Outcome";
import { Picture } from "./Picture";
import { Toggle } from "./Toggle";
import { useClass, useOwnMedia } from "./useClass";

const NAME_KEY = "vtp.class.name";

export function Door({ room, knownName }: { room: Room; knownName: string }) {
  const { session } = useClass();
  const { state } = useSession();
  const own = useOwnMedia();
  const [name, setName] = useState(() => remembered(NAME_KEY) ?? "");
  const needsName = knownName === "";
  useEffect(() => {
    void session.own.open();
    return () => {
      if (session.phase.get().name === "door") session.own.close();
    };
  }, [session]);
  const join = (event: FormEvent) => {
    event.preventDefault();
    if (needsName) remember(NAME_KEY, name.trim());
    session.join(needsName ? name.trim() : "");
  };
  return (
    <AppShell wide>
      <form className="door" onSubmit={join} data-testid="door">
        <div className="door-look">
          <Preview />
          <DoorProblem />
        </div>
        <div className="door-words">
          <div>
            {state.phase === "ready" && (
              <Link href={homeOf(room).href} className="back-link">
                <Icon name="back" size={16} />
                {homeOf(room).name}
              </Link>
            )}
            <h1>{room.name}</h1>
            <p className="door-facts">
              {room.live && (
                <Badge tone="live" pulse>
                  Live
                </Badge>
              )}
              {room.recording && <Badge tone="warn">This class is being recorded</Badge>}
              {room.streamed && <Badge tone="warn">This class is being streamed</Badge>}
              <span>
                {room.participant_count > 0
                  ? `${plural(room.participant_count, "person is", "people are")} here`
                  : "Nobody is here yet"}
              </span>
            </p>
          </div>
          {needsName && (
            <Field
              label="Your name"
              name="name"
              required
              maxLength={100}
              pattern=".*\S.*"
              title="Write your name."
              autoComplete="name"
              value={name}
              onChange={(event) => setName(event.target.value)}
              hint="Everybody in the class sees it."
              data-testid="guest-name"
            />
          )}
          {own.phase === "ready" && <DeviceFields />}
          <Button
            type="submit"
            tone="primary"
            size="large"
            wide
            busy={own.phase === "asking"}
            data-testid="join-class"
          >
            {own.phase === "refused" ? "Join without camera and microphone" : "Join class"}
          </Button>
          <p className="field-hint door-center">
            <Link href="/check">Check your connection first</Link>
          </p>
          {own.phase === "asking" && (
            <p className="field-hint door-center">The browser asks for your camera and microphone.</p>
          )}
        </div>
      </form>
    </AppShell>
  );
}

function Preview() {
  const { session } = useClass();
  const own = useOwnMedia();
  const level = useLevel(own.microphone);
  return (
    <div className="door-preview">
      {own.camera ? (
        <Picture track={own.camera} mirrored label="You, as others will see you" testId="door-preview" />
      ) : (
        <p className="door-dark">
          <Icon name={own.phase === "asking" ? "camera" : "cameraOff"} size={30} />
          {own.phase === "asking" ? "Waiting for your camera" : "Your camera is off"}
        </p>
      )}
      <div className="door-controls">
        <Toggle
          icon={own.microphoneOn ? "microphone" : "microphoneOff"}
          label={own.microphoneOn ? "Mute microphone" : "Unmute microphone"}
          off={!own.microphoneOn}
          disabled={own.phase === "asking"}
          onPress={() => void session.own.setMicrophoneOn(!own.microphoneOn)}
          testId="door-microphone"
        />
        <Toggle
          icon={own.cameraOn ? "camera" : "cameraOff"}
          label={own.cameraOn ? "Switch camera off" : "Switch camera on"}
          off={!own.cameraOn}
          disabled={own.phase === "asking"}
          onPress={() => void session.own.setCameraOn(!own.cameraOn)}
          testId="door-camera"
        />
      </div>
      {level && own.microphoneOn && (
        <div className="door-level">
          <Meter label="Microphone level" readLevel={level.read} />
        </div>
      )}
    </div>
  );
}

function DoorProblem() {
  const { session } = useClass();
  const { problem, phase } = useOwnMedia();
  if (!problem) return null;
  return (
    <Notice
      tone="warn"
      title={problem.title}
      testId="device-problem"
      action={
        <Button size="small" onClick={() => void session.own.open()}>
          Try again
        </Button>
      }
    >
      {phase === "refused"
        ? `${problem.advice} You can also join and only watch and listen.`
        : problem.advice}
    </Notice>
  );
}
