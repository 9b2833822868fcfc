"""pymediasoup from PyPI with python-socketio's client: a program that meets browsers in a room.

It lives on an event loop of its own in a thread, beside Playwright's; tests speak to it by `PeerThread`.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine
from typing import Any, TypeVar

import av
import numpy as np
import socketio
from aiortc import MediaStreamTrack
from aiortc.mediastreams import AudioStreamTrack, VideoStreamTrack
from pymediasoup import AiortcHandler, Device
from pymediasoup.rtp_parameters import RtpCapabilities, RtpParameters

from vtp.bench.frame_number import read_frame_number
from vtp.bench.lecture_clip import lecture_frame, lecture_sound
from vtp.bench.lecture_picture import LecturePicture
from vtp.bench.lecture_sound import SAMPLE_RATE

Result = TypeVar("Result")


class LectureVideo(VideoStreamTrack):
    """Numbered pictures at aiortc's pace, 30 in a second."""

    def __init__(self) -> None:
        super().__init__()
        self._picture = LecturePicture(640, 360, 30)
        self._number = 0

    async def recv(self) -> av.VideoFrame:
        """The next picture, when it is due."""
        pts, time_base = await self.next_timestamp()
        frame = lecture_frame(self._picture, self._number, 30)
        self._number += 1
        frame.pts, frame.time_base = pts, time_base
        return frame


class LectureAudio(AudioStreamTrack):
    """The lecture's tone, 20 ms at a time; the base class keeps the pace."""

    async def recv(self) -> av.AudioFrame:
        """The next piece, when it is due."""
        pace = await super().recv()
        assert pace.pts is not None and pace.time_base is not None
        return lecture_sound(int(pace.pts * pace.time_base * SAMPLE_RATE), "mono")


class PymediasoupPeer:
    """One participant; everything runs on the loop it was made on."""

    def __init__(self) -> None:
        self._io = socketio.AsyncClient(reconnection=False)
        self._io.on("new-producer", self._announced)
        self._io.on("new-data-producer", self._announced_data)
        self._news = asyncio.Event()
        self.announced: list[dict[str, Any]] = []
        self.announced_data: list[dict[str, Any]] = []
        self.messages: list[str | bytes] = []
        self._transports: list[Any] = []

    async def join(self, base_url: str, room: str) -> None:
        """Enters, loads the device and makes both transports, with SCTP."""
        await self._io.connect(base_url, auth={"answers": "ack"})
        joined = await self.call("join-room", {"room_id": room})
        for peer in joined["mediasoup"]["peers"]:
            self.announced += peer["producers"]
            self.announced_data += peer["dataProducers"]
        self.device = Device(handlerFactory=AiortcHandler.createFactory())
        await self.device.load(RtpCapabilities(**joined["mediasoup"]["rtpCapabilities"]))
        self.sending = await self._transport("send")
        self.receiving = await self._transport("recv")

    async def call(self, event: str, payload: dict[str, Any]) -> dict[str, Any]:
        """One call by acknowledgement; AssertionError for a refusal."""
        answer: dict[str, Any] = await self._io.call(event, payload, timeout=30)
        assert answer["ok"], f"{event}: {answer}"
        return answer

    async def _transport(self, direction: str) -> Any:
        made = await self.call("create-transport", {"direction": direction, "enableSctp": True})
        make = self.device.createSendTransport if direction == "send" else self.device.createRecvTransport
        names = ("id", "iceParameters", "iceCandidates", "dtlsParameters", "sctpParameters")
        transport = make(**{name: made[name] for name in names})
        at = {"transportId": transport.id}

        async def connect(dtls_parameters: Any) -> None:
            await self.call("connect-transport", at | {"dtlsParameters": dtls_parameters.model_dump()})

        async def produce(kind: str, rtp_parameters: RtpParameters, app_data: dict[str, Any]) -> str:
            wish = {"kind": kind, "rtpParameters": rtp_parameters.model_dump(), "appData": app_data}
            return str((await self.call("produce", at | wish))["id"])

        async def produce_data(**wish: Any) -> str:
            wish["sctpStreamParameters"] = wish["sctpStreamParameters"].model_dump()
            return str((await self.call("produce-data", at | wish))["id"])

        transport.on("connect", connect)
        transport.on("produce", produce)
        transport.on("producedata", produce_data)
        self._transports.append(transport)
        return transport

    async def produce(self, codec: str) -> None:
        """The lecture's sound, and its picture in `codec`.

        In this order: while DTLS goes on, aiortc 1.16 forgets by a further offer which codec was agreed for
        what is sent already, and begins with its first one, VP8. For sound that is Opus anyway.
        """
        capabilities = self.device.rtpCapabilities.codecs
        wanted = next(one for one in capabilities if one.mimeType.lower() == f"video/{codec.lower()}")
        await self.sending.produce(LectureAudio(), stopTracks=True)
        await self.sending.produce(LectureVideo(), codec=wanted, stopTracks=True)

    async def consume(self, count: int) -> dict[str, MediaStreamTrack]:
        """Once others have announced so much: their tracks, by kind."""
        await self._until(lambda: len(self.announced) >= count)
        tracks: dict[str, MediaStreamTrack] = {}
        for one in self.announced[:count]:
            capabilities = self.device.rtpCapabilities.model_dump()
            wish = {"producerId": one["producerId"], "rtpCapabilities": capabilities, "paused": True}
            made = await self.call("consume", {"transportId": self.receiving.id, **wish})
            names = ("id", "producerId", "kind", "rtpParameters")
            consumer = await self.receiving.consume(**{name: made[name] for name in names})
            await self.call("resume-consumer", {"consumerId": consumer.id})
            tracks[one["kind"]] = consumer.track
        return tracks

    async def open_channel(self) -> Any:
        """A data producer whose channel is open."""
        producer = await self.sending.produceData(label="chalk", protocol="")
        await self._until_open(producer)
        return producer

    async def join_channel(self) -> None:
        """The first data producer that somebody announces; its messages go to `messages`."""
        await self._until(lambda: bool(self.announced_data))
        wish = {"dataProducerId": self.announced_data[0]["dataProducerId"], "paused": True}
        made = await self.call("consume-data", wish)
        names = ("id", "dataProducerId", "sctpStreamParameters", "label", "protocol")
        consumer = await self.receiving.consumeData(**{name: made[name] for name in names})
        consumer.on("message", self._take)
        await self._until_open(consumer)
        await self.call("resume-data-consumer", {"dataConsumerId": consumer.id})

    async def until_messages(self, count: int) -> list[str | bytes]:
        """So many messages, once they are there."""
        await self._until(lambda: len(self.messages) >= count)
        return self.messages

    async def leave(self) -> None:
        """Ends everything."""
        for transport in self._transports:
            await transport.close()
        await self.call("leave-room", {})
        await self._io.disconnect()

    async def _until_open(self, channel: Any) -> None:
        channel.on("open", self._news.set)
        await self._until(lambda: channel.readyState == "open")

    async def _until(self, happened: Any) -> None:
        async with asyncio.timeout(60):
            while not happened():
                self._news.clear()
                await self._news.wait()

    async def _announced(self, data: dict[str, Any]) -> None:
        self.announced.append(data)
        self._news.set()

    async def _announced_data(self, data: dict[str, Any]) -> None:
        self.announced_data.append(data)
        self._news.set()

    def _take(self, message: str | bytes) -> None:
        self.messages.append(message)
        self._news.set()


async def read_numbers(track: MediaStreamTrack, count: int) -> list[int]:
    """The numbers on that many pictures of a track that can be read."""
    numbers: list[int] = []
    async with asyncio.timeout(30):
        while len(numbers) < count:
            frame = await track.recv()
            assert isinstance(frame, av.VideoFrame)
            number = read_frame_number(frame.to_ndarray(format="gray").astype(np.uint8))
            if number is not None:
                numbers.append(number)
    return numbers


async def share_of_tone(track: MediaStreamTrack, hertz: float, seconds: float) -> float:
    """The greatest share of the sound's power that lies within 40 Hz of `hertz` in a sixth of a second."""
    pieces: list[np.ndarray[Any, Any]] = []
    rate, kept = SAMPLE_RATE, 0.0
    async with asyncio.timeout(30):
        while kept < seconds:
            frame = await track.recv()
            assert isinstance(frame, av.AudioFrame)
            rate = frame.sample_rate
            channels = len(frame.layout.channels)
            pieces.append(frame.to_ndarray().reshape(-1, channels)[:, 0].astype(np.float64))
            kept += frame.samples / rate
    sound, window = np.concatenate(pieces), 8192
    best = 0.0
    for start in range(0, len(sound) - window, window // 2):
        power = np.abs(np.fft.rfft(sound[start : start + window] * np.blackman(window)))[1:] ** 2
        near = np.abs(np.fft.rfftfreq(window, 1 / rate)[1:] - hertz) <= 40
        best = max(best, float(power[near].sum() / max(power.sum(), 1.0)))
    return best


class PeerThread:
    """A `PymediasoupPeer` on a loop of its own."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="pymediasoup")
        self._thread.start()
        self.peer = self.run(_made())

    def run(self, work: Coroutine[Any, Any, Result]) -> Result:
        """Runs it there and waits for it."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(60)

    def close(self) -> None:
        """Leaves the room and ends the thread."""
        try:
            self.run(self.peer.leave())
            self.run(self._loop.shutdown_default_executor())
        finally:
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
            self._loop.close()


async def _made() -> PymediasoupPeer:
    return PymediasoupPeer()
