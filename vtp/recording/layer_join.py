"""Brings the layers of one picture together: which of their key frames show the same instant.

Layers are streams with clocks of their own, which come by different ways to nearly the same time, and a lost
packet holds one of them up. So a key frame of the highest waits for those of the others, for as long as a
depacketizer would wait for their packets. Sans-IO: time is an argument.

Each stream's clock is brought to ours by itself, in steps that fall at other moments in each (`clock.py`): on
a busy machine pictures of one instant would be up to 100 ms apart meanwhile. The publisher's own numbers are
not: so the clock of the highest layer counts for all, and two common key frames tell what the same instant is
called in both.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from vtp.recording.picture import Picture
from vtp.recording.timebase import NS

ROUNDED_NS = 2
MOST_LED = 120  # pictures of the highest layer whose times are known: two seconds of them
APART_NS = NS * 3 // 10  # of key frames that were asked for together; two requests are half a second apart
JOIN_NS = 350_000_000  # a depacketizer waits 300 ms for lost packets


class LayerFrame(NamedTuple):
    """A picture of one layer; `layer` counts from the highest, 0, down. `media_ns`: its time by the stream's
    own numbers, from anywhere on.
    """

    time_ns: int
    layer: int
    picture: Picture
    media_ns: int


@dataclass(frozen=True, slots=True)
class KeyFrames:
    """A key frame of the highest layer, and those of the others at that time; None where there was none."""

    time_ns: int
    pictures: tuple[Picture | None, ...]


Joined = LayerFrame | KeyFrames


@dataclass(frozen=True, slots=True)
class _Behind:
    """What common key frames of two streams say: how far the lower one's numbers are behind."""

    streams: tuple[int, int]
    media_ns: int


class LayerJoin:
    """Of `count` layers. All times are those of the highest one: the others are moved to where their last
    common key frames say, so that what was captured together is shown together.
    """

    def __init__(self, count: int) -> None:
        self._waiting: list[deque[LayerFrame]] = [deque() for _ in range(count)]
        self._moved_ns = [0] * count
        self._behind: list[_Behind | None] = [None] * count
        self._led: deque[LayerFrame] = deque(maxlen=MOST_LED)  # of one stream, those given out too
        self._streams: list[int] = []  # those of the last key frames
        self._led_until_ns = 0  # the highest layer's last picture that was given out

    def add(self, layer: int, picture: Picture, time_ns: int, media_ns: int) -> None:
        """Takes the next picture of a layer. A key frame of another stream at the time of one that waits is
        put in its place: when somebody begins to send, a layer has the lower ones for an instant.
        """
        waiting, frame = self._waiting[layer], LayerFrame(time_ns, layer, picture, media_ns)
        if layer == 0:
            self._lead(frame)
        while picture.key_frame:
            before = self._pair(waiting, self._time_of(frame))
            if before is None or before.picture.ssrc == picture.ssrc:
                break
            while waiting.pop() is not before:
                pass
        waiting.append(frame)

    def release(self, now_ns: int | None) -> Iterator[Joined]:
        """What is certain by now, each layer's pictures in order; None for now: all there is."""
        first, *others = self._waiting
        while first:
            head = first[0]
            if head.picture.key_frame:
                for other in others:
                    yield from self._before(other, head.time_ns)
                if not self._are_settled(head, now_ns):
                    return
                pairs = [self._take_pair(other, head) for other in others]
                pictures = (head.picture, *pairs)
                self._streams = [picture.ssrc for picture in pictures if picture is not None]
                yield KeyFrames(head.time_ns, pictures)
            else:
                yield head
            first.popleft()
            self._led_until_ns = head.time_ns
        for other in others:
            yield from self._unpaired(other, now_ns)

    def _before(self, waiting: deque[LayerFrame], time_ns: int) -> Iterator[LayerFrame]:
        """What a layer has before its key frame of that time, or before that time if that has not come."""
        pair = self._pair(waiting, time_ns)
        while waiting and waiting[0] is not pair:
            if pair is None and self._time_of(waiting[0]) > time_ns:
                return
            yield self._take(waiting)

    def _unpaired(self, waiting: deque[LayerFrame], now_ns: int | None) -> Iterator[LayerFrame]:
        """What a layer has before a key frame for which one of the highest may still come."""
        while waiting:
            at_ns = self._time_of(waiting[0])
            over = now_ns is None or now_ns - at_ns >= JOIN_NS + APART_NS
            if waiting[0].picture.key_frame and not over and at_ns >= self._led_until_ns - APART_NS:
                return
            yield self._take(waiting)

    def _are_settled(self, head: LayerFrame, now_ns: int | None) -> bool:
        """Whether it is known which key frames belong to one of the highest layer; where several layers begin
        with the same stream, better ones may be about to come.
        """
        if now_ns is None or now_ns - head.time_ns >= JOIN_NS:
            return True
        others = self._waiting[1:]
        if not all(self._is_settled(other, head.time_ns) for other in others):
            return False
        pairs = [self._pair(other, head.time_ns) for other in others]
        streams = [one.picture.ssrc for one in (head, *pairs) if one is not None]
        return len(set(streams)) == len(streams) or streams == self._streams

    def _is_settled(self, waiting: deque[LayerFrame], time_ns: int) -> bool:
        """Whether a layer's key frame of that time has come, or cannot come any more."""
        if self._pair(waiting, time_ns):
            return True
        return bool(waiting) and self._time_of(waiting[-1]) > time_ns + APART_NS

    def _pair(self, waiting: deque[LayerFrame], time_ns: int) -> LayerFrame | None:
        """A layer's key frame of that time."""
        near = [
            (apart_ns, number)
            for number, one in enumerate(waiting)
            if one.picture.key_frame and (apart_ns := abs(self._time_of(one) - time_ns)) <= APART_NS
        ]
        return waiting[min(near)[1]] if near else None

    def _take_pair(self, waiting: deque[LayerFrame], head: LayerFrame) -> Picture | None:
        """The key frame of that time, which comes next if there is one; its layer's clock follows it."""
        pair = self._pair(waiting, head.time_ns)
        if pair is None:
            return None
        waiting.popleft()
        self._moved_ns[pair.layer] = head.time_ns - pair.time_ns
        streams = (head.picture.ssrc, pair.picture.ssrc)
        self._behind[pair.layer] = _Behind(streams, head.media_ns - pair.media_ns)
        return pair.picture

    def _take(self, waiting: deque[LayerFrame]) -> LayerFrame:
        frame = waiting.popleft()
        return frame._replace(time_ns=self._time_of(frame))

    def _lead(self, frame: LayerFrame) -> None:
        if self._led and self._led[-1].picture.ssrc != frame.picture.ssrc:
            self._led.clear()
        self._led.append(frame)

    def _time_of(self, frame: LayerFrame) -> int:
        """When the highest layer shows, or would have shown, the same instant; where nothing says that, by
        the layer's own clock.
        """
        own_ns = frame.time_ns + self._moved_ns[frame.layer]
        behind = self._behind[frame.layer]
        if behind is None or not self._led:
            return own_ns
        if behind.streams != (self._led[0].picture.ssrc, frame.picture.ssrc):
            return own_ns
        media_ns = frame.media_ns + behind.media_ns
        led = next(
            (one for one in reversed(self._led) if one.media_ns <= media_ns + ROUNDED_NS), self._led[0]
        )
        time_ns = led.time_ns + media_ns - led.media_ns
        # Numbers that have jumped in one of both say nothing until the next common key frame.
        return time_ns if abs(time_ns - own_ns) <= APART_NS else own_ns
