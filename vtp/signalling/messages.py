"""What clients send over Socket.IO: one model per event. Names are the contract's, unknown ones are ignored.

A payload may be an object or, as older clients send it, a JSON string of one.
"""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal, Self, TypeVar

from pydantic import (
    AfterValidator,
    AliasChoices,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)

from vtp.errors import FieldError, Invalid
from vtp.media.parameters import (
    DtlsParameters,
    Kind,
    RtpCapabilities,
    RtpParameters,
    SctpStreamParameters,
)

MAX_STRING_BYTES = 262_144
MAX_APP_DATA_BYTES = 8192
MAX_APP_DATA_DEPTH = 32  # well within what every client's parser and the library's encoder take
_KEPT_AS_SENT = frozenset(("appData", "parameters"))

Id = Annotated[str, Field(min_length=1, max_length=64)]
RoomName = Annotated[str, Field(min_length=1, max_length=64)]
Text = Annotated[str, Field(max_length=256)]
Layer = Annotated[int, Field(ge=0, le=15)]


def _check_app_data(value: dict[str, Any]) -> dict[str, Any]:
    """Everybody in the room is sent it: what a browser's JSON.parse would not take must not get in."""
    layer: list[Any] = [value]
    for _ in range(MAX_APP_DATA_DEPTH):
        layer = [inner for one in layer for inner in _parts(one)]
    if layer:
        raise ValueError(f"it is nested more than {MAX_APP_DATA_DEPTH} deep")
    try:
        text = json.dumps(value, allow_nan=False)
    except (TypeError, ValueError):
        raise ValueError("it holds something that is no JSON") from None
    if len(text) > MAX_APP_DATA_BYTES:
        raise ValueError(f"at most {MAX_APP_DATA_BYTES} bytes of it are kept")
    return value


def _parts(value: object) -> list[Any]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []


AppData = Annotated[dict[str, Any], AfterValidator(_check_app_data)]


class Message(BaseModel):
    """Base of every payload."""

    model_config = ConfigDict(strict=True, extra="ignore", populate_by_name=True)

    room_id: RoomName | None = Field(None, validation_alias=AliasChoices("roomId", "room_id"))
    request_id: Annotated[str, Field(max_length=128)] | int | None = Field(None, validation_alias="requestId")


class JoinRoom(Message):
    """`join-room`. Who somebody is says their token; `role` can only lower what that grants."""

    room_id: RoomName = Field(validation_alias=AliasChoices("roomId", "room_id"))
    room_name: Text | None = None
    role: Annotated[str, Field(max_length=32)] | None = None
    is_producer: bool | None = None
    full_name: Text | None = None
    guest_key: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{16,64}$")] | None = None


class CreateTransport(Message):
    """`create-transport`."""

    direction: Literal["send", "recv"]
    enable_sctp: bool = Field(False, validation_alias="enableSctp")
    sctp_capabilities: dict[str, Any] | None = Field(None, validation_alias="sctpCapabilities")

    @model_validator(mode="after")
    def _capable_means_wanted(self) -> Self:
        """Clients after mediasoup's demo tell what their device can instead of what they want."""
        if self.sctp_capabilities is not None and "enable_sctp" not in self.model_fields_set:
            self.enable_sctp = True
        return self


class NamesTransport(Message):
    """`restart-ice`, and what follows a transport's making."""

    transport_id: Id = Field(validation_alias="transportId")


class ConnectTransport(NamesTransport):
    """`connect-transport`."""

    dtls_parameters: DtlsParameters = Field(validation_alias="dtlsParameters")


class Produce(Message):
    """`produce`. With `again` it gives what an earlier call made whose answer was lost, not another."""

    transport_id: Id | None = Field(None, validation_alias="transportId")
    kind: Kind
    rtp_parameters: RtpParameters = Field(validation_alias="rtpParameters")
    app_data: AppData = Field(default_factory=dict, validation_alias="appData")
    paused: bool = False
    again: bool = False


class Consume(Message):
    """`consume`. Without `paused` it starts paused where the caller waits for an acknowledgement."""

    transport_id: Id | None = Field(None, validation_alias="transportId")
    producer_id: Id = Field(validation_alias="producerId")
    rtp_capabilities: RtpCapabilities = Field(
        validation_alias=AliasChoices("rtpCapabilities", "recvRtpCapabilities")
    )
    paused: bool | None = None


class ProduceData(Message):
    """`produce-data`."""

    transport_id: Id | None = Field(None, validation_alias="transportId")
    sctp_stream_parameters: SctpStreamParameters = Field(validation_alias="sctpStreamParameters")
    label: Text = ""
    protocol: Text = ""
    app_data: AppData = Field(default_factory=dict, validation_alias="appData")
    paused: bool = False


class ConsumeData(Message):
    """`consume-data`."""

    transport_id: Id | None = Field(None, validation_alias="transportId")
    data_producer_id: Id = Field(validation_alias="dataProducerId")
    paused: bool = False


class NamesDataProducer(Message):
    """`close-data-producer`."""

    data_producer_id: Id = Field(validation_alias="dataProducerId")


class NamesDataConsumer(Message):
    """`resume-data-consumer`, `close-data-consumer`."""

    data_consumer_id: Id = Field(validation_alias="dataConsumerId")


class NamesProducer(Message):
    """`pause-producer`, `resume-producer`, `close-producer`."""

    producer_id: Id = Field(validation_alias="producerId")


class NamesConsumer(Message):
    """`pause-consumer`, `resume-consumer`, `close-consumer`, `request-keyframe`."""

    consumer_id: Id = Field(validation_alias="consumerId")


class SetPreferredLayers(NamesConsumer):
    """`set-preferred-layers`: an upper bound."""

    spatial_layer: Layer = Field(validation_alias="spatialLayer")
    temporal_layer: Layer | None = Field(None, validation_alias="temporalLayer")


Payload = TypeVar("Payload", bound=Message)


def read_payload(model: type[Payload], arguments: tuple[object, ...]) -> Payload:
    """The payload of an event. Raises Invalid, which names the fields at fault."""
    value = arguments[0] if arguments else {}
    if isinstance(value, str):
        value = _read_string(value)
    if not isinstance(value, dict):
        raise Invalid("The payload must be an object, or a JSON string of one.", code="malformed")
    try:
        return model.model_validate(without_nulls(value))
    except ValidationError as error:
        raise _fault(error) from None
    except RecursionError:
        raise Invalid("The payload is nested too deeply.", code="malformed") from None


def without_nulls(value: Any) -> Any:
    """Members that are null count as left out, as mediasoup has it; some programs write all they know.

    What belongs to the client (`appData`) or to a codec (`parameters`, where null is a value) stays.
    """
    if isinstance(value, dict):
        return {
            name: one if name in _KEPT_AS_SENT else without_nulls(one)
            for name, one in value.items()
            if one is not None
        }
    return [without_nulls(one) for one in value] if isinstance(value, list) else value


def request_id_of(arguments: tuple[object, ...]) -> str | int | None:
    """The `requestId` of a payload that was refused, where one can be read."""
    value = arguments[0] if arguments else None
    if isinstance(value, str):
        try:
            value = _read_string(value)
        except Invalid:
            return None
    found = value.get("requestId") if isinstance(value, dict) else None
    return found if isinstance(found, str | int) else None


def _read_string(text: str) -> object:
    if len(text.encode("utf-8", "surrogatepass")) > MAX_STRING_BYTES:
        raise Invalid(f"The payload is larger than {MAX_STRING_BYTES} bytes.", code="too_large")
    try:
        return json.loads(text) if text else {}
    except (ValueError, RecursionError):
        raise Invalid("The payload is a string that holds no JSON.", code="malformed") from None


def _fault(error: ValidationError) -> Invalid:
    faults = error.errors(include_url=False, include_context=False, include_input=False)
    fields = [
        FieldError("/" + "/".join(str(step) for step in fault["loc"]), _words(fault["type"], fault["msg"]))
        for fault in faults[:10]
    ]
    first = fields[0]
    name = first.pointer[1:].replace("/", ".") or "The payload"
    return Invalid(f"{name} {first.detail}.", errors=fields)


def _words(kind: str, message: str) -> str:
    if kind == "missing":
        return "is missing"
    return f"is not right: {message.removeprefix('Value error, ').rstrip('.')}"
