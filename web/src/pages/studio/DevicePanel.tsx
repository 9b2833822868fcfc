/** Which camera, which microphone, how loud, how sharp. */
import { Card } from "../../design/Card";
import { SelectField } from "../../design/Field";
import { Meter } from "../../design/Meter";
import { type CodecChoice, sendableCodecs } from "../../webrtc/codecs";
import { QUALITIES, type QualityName } from "../../webrtc/devices";
import type { LevelReader } from "../../webrtc/level";
import type { LocalMedia, LocalMediaState } from "../../webrtc/local_media";

interface Props {
  media: LocalMedia;
  mediaState: LocalMediaState;
  codec: CodecChoice;
  onCodec: (codec: CodecChoice) => void;
  codecLocked: boolean;
  /** Reads the microphone; null while there is none. */
  level: LevelReader | null;
}

const CODEC_NAMES: Readonly<Record<CodecChoice, string>> = {
  auto: "Automatic",
  h264: "H.264",
  vp8: "VP8",
  vp9: "VP9",
  av1: "AV1",
};

export function DevicePanel({ media, mediaState, codec, onCodec, codecLocked, level }: Props) {
  const { cameras, microphones, cameraId, microphoneId, phase } = mediaState;
  const closed = phase !== "ready";
  return (
    <Card className="panel">
      <h2>Camera and microphone</h2>
      <DeviceSelect
        label="Camera"
        devices={cameras}
        chosen={cameraId}
        disabled={closed}
        onChoose={(id) => void media.chooseCamera(id)}
        testId="camera"
      />
      <div className="panel-group">
        <DeviceSelect
          label="Microphone"
          devices={microphones}
          chosen={microphoneId}
          disabled={closed}
          onChoose={(id) => void media.chooseMicrophone(id)}
          testId="microphone"
        />
        {level && <MicrophoneLevel reader={level} on={mediaState.microphoneOn} />}
      </div>
      <SelectField
        label="Picture"
        value={mediaState.quality}
        onChange={(event) => void media.chooseQuality(event.target.value as QualityName)}
        data-testid="picture-quality"
      >
        {Object.entries(QUALITIES).map(([name, { name: words }]) => (
          <option key={name} value={name}>
            {words}
          </option>
        ))}
      </SelectField>
      <details className="panel-more">
        <summary>Advanced</summary>
        <SelectField
          label="Video codec"
          value={codec}
          disabled={codecLocked}
          onChange={(event) => onCodec(event.target.value as CodecChoice)}
          hint="Automatic sends H.264, the one that is recorded."
          data-testid="codec"
        >
          {sendableCodecs().map((choice) => (
            <option key={choice} value={choice}>
              {CODEC_NAMES[choice]}
            </option>
          ))}
        </SelectField>
      </details>
    </Card>
  );
}

interface DeviceSelectProps {
  label: string;
  devices: readonly MediaDeviceInfo[];
  chosen: string | null;
  disabled: boolean;
  onChoose: (id: string) => void;
  testId: string;
}

function DeviceSelect({ label, devices, chosen, disabled, onChoose, testId }: DeviceSelectProps) {
  const none = devices.length === 0;
  return (
    <SelectField
      label={label}
      value={devices.some((device) => device.deviceId === chosen) ? (chosen ?? "") : ""}
      disabled={disabled || none}
      onChange={(event) => onChoose(event.target.value)}
      data-testid={testId}
    >
      {!devices.some((device) => device.deviceId === chosen) && (
        <option value="">{none ? "None found" : "Choose"}</option>
      )}
      {devices.map((device, index) => (
        <option key={device.deviceId} value={device.deviceId}>
          {device.label || `${label} ${index + 1}`}
        </option>
      ))}
    </SelectField>
  );
}

function MicrophoneLevel({ reader, on }: { reader: LevelReader; on: boolean }) {
  return (
    <div className="level">
      <Meter label="Microphone level" readLevel={reader.read} />
      <p className="field-hint">{on ? "Speak: the bar should move." : "The microphone is off."}</p>
    </div>
  );
}
