/** Which camera, microphone and loudspeaker. A change holds at once, also during the class. */
import { SelectField } from "../../design/Field";
import { useClass, useOwnMedia } from "./useClass";

const canChooseSpeaker = () => "setSinkId" in HTMLMediaElement.prototype;

export function DeviceFields() {
  const { own } = useClass().session;
  const { cameras, microphones, speakers, cameraId, microphoneId, speakerId } = useOwnMedia();
  return (
    <>
      <DeviceField
        label="Camera"
        devices={cameras}
        chosen={cameraId}
        onChoose={(id) => void own.choose("camera", id)}
        testId="camera"
      />
      <DeviceField
        label="Microphone"
        devices={microphones}
        chosen={microphoneId}
        onChoose={(id) => void own.choose("microphone", id)}
        testId="microphone"
      />
      {canChooseSpeaker() && speakers.length > 0 && (
        <DeviceField
          label="Loudspeaker"
          devices={speakers}
          chosen={speakerId ?? "default"}
          onChoose={(id) => own.chooseSpeaker(id)}
          testId="speaker"
        />
      )}
    </>
  );
}

interface DeviceFieldProps {
  label: string;
  devices: readonly MediaDeviceInfo[];
  chosen: string | null;
  onChoose: (id: string) => void;
  testId: string;
}

function DeviceField({ label, devices, chosen, onChoose, testId }: DeviceFieldProps) {
  const known = devices.some((device) => device.deviceId === chosen);
  return (
    <SelectField
      label={label}
      value={known ? (chosen ?? "") : ""}
      disabled={devices.length === 0}
      onChange={(event) => onChoose(event.target.value)}
      data-testid={testId}
    >
      {!known && <option value="">{devices.length === 0 ? "None found" : "Choose"}</option>}
      {devices.map((device, index) => (
        <option key={device.deviceId} value={device.deviceId}>
          {device.label || `${label} ${index + 1}`}
        </option>
      ))}
    </SelectField>
  );
}
