"""When a scripted viewer can decode a picture that comes in several encodings, and which was live first."""

import struct

from vtp.bench import _client

MS = 1_000_000
FRAME_NS = 40 * MS
LOW, HIGH = 0xAAAA, 0xBBBB
KEY = b"\x10\x00\x00\x9d\x01\x2a\x40\x01\xb4\x00"


class Viewer:
    """Gives a stream frames of one packet each, 40 ms apart, without a gap in the numbers."""

    def __init__(self) -> None:
        self.stream = _client.StreamBench()
        self.sequence = 1000
        self.timestamp = 5000
        self.now_ns = 1_000 * MS

    def frame(self, mark: int, *, key: bool = False, parts: tuple[int, ...] = ()) -> None:
        """`parts` are the marks of several packets, if any."""
        marks = parts or (mark,)
        for number, one in enumerate(marks):
            head = b"\x90\x80\x80\x01" if number == 0 else b"\x80\x80\x80\x01"
            payload = (head + (KEY if key else b"\x11" * 10)).ljust(40, b"\1") + struct.pack(
                "!IIB", one, 0, 0
            )
            marker = 0x80 if number == len(marks) - 1 else 0
            header = struct.pack("!BBHII", 0x80, 96 | marker, self.sequence, self.timestamp, 7)
            self.stream.receive(header + payload, self.now_ns)
            self.sequence += 1
        self.pass_time()

    def pass_time(self, ns: int = FRAME_NS) -> None:
        self.timestamp += 3600
        self.now_ns += ns

    def lose(self) -> None:
        """A frame that never comes, and is given up."""
        self.sequence += 1
        self.pass_time()

    def figures(self) -> tuple[int, int, int]:
        found = self.stream.figures(self.now_ns)
        return found["frames"], found["frames_undecodable"], found["frames_broken"]

    def switches(self) -> list[int]:
        return [mark for _, mark in self.stream.figures(self.now_ns)["switches"]]


def test_frames_of_one_encoding_are_decodable_from_its_key_frame_on() -> None:
    viewer = Viewer()
    viewer.frame(LOW)
    viewer.frame(LOW, key=True)
    viewer.frame(LOW)
    assert viewer.figures() == (2, 1, 0)
    assert viewer.switches() == [LOW]


def test_another_encoding_without_a_gap_is_decodable_only_from_a_key_frame_on() -> None:
    viewer = Viewer()
    viewer.frame(LOW, key=True)
    viewer.frame(HIGH)
    viewer.frame(HIGH)
    assert viewer.figures() == (1, 2, 0)
    viewer.frame(HIGH, key=True)
    viewer.frame(HIGH)
    assert viewer.figures() == (3, 2, 0)
    assert viewer.switches() == [LOW, HIGH]


def test_a_decoder_that_was_given_foreign_frames_cannot_go_on_where_it_was() -> None:
    viewer = Viewer()
    viewer.frame(LOW, key=True)
    viewer.frame(HIGH)
    viewer.frame(LOW)
    assert viewer.figures() == (1, 2, 0)


def test_parts_of_two_encodings_make_no_picture() -> None:
    viewer = Viewer()
    viewer.frame(LOW, key=True)
    viewer.frame(LOW, parts=(LOW, HIGH))
    assert viewer.figures() == (1, 0, 1)


def test_after_a_loss_only_a_key_frame_helps_whatever_its_encoding() -> None:
    viewer = Viewer()
    viewer.frame(LOW, key=True)
    viewer.lose()
    viewer.frame(LOW)
    viewer.now_ns += 10_000 * MS
    viewer.stream.give_up(viewer.now_ns)
    viewer.frame(LOW)
    viewer.frame(HIGH, key=True)
    assert viewer.figures() == (2, 2, 0)
    assert viewer.switches() == [LOW, HIGH]


def test_the_first_live_frame_is_the_one_that_those_after_it_did_not_overtake() -> None:
    viewer = Viewer()
    viewer.frame(LOW, key=True)
    joined_ns = viewer.now_ns
    for _ in range(49):  # two seconds of older frames, a millisecond apart
        viewer.frame(LOW)
        viewer.now_ns += MS - FRAME_NS
    for _ in range(10):
        viewer.frame(LOW)
    live_ns = viewer.stream.figures(viewer.now_ns)["first_live_frame_ns"]
    assert joined_ns + 30 * MS < live_ns <= joined_ns + 50 * MS


def test_a_frame_that_is_live_from_the_beginning_stays_the_first() -> None:
    viewer = Viewer()
    began_ns = viewer.now_ns
    viewer.frame(LOW, key=True)
    for _ in range(20):
        viewer.frame(LOW)
    assert viewer.stream.figures(viewer.now_ns)["first_live_frame_ns"] == began_ns


def test_a_first_frame_that_was_a_little_late_is_live_all_the_same() -> None:
    viewer = Viewer()
    viewer.now_ns += 300 * MS
    late_ns = viewer.now_ns
    viewer.frame(LOW, key=True)
    viewer.now_ns -= 39 * MS  # the next comes right behind it, and so on for 300 ms
    for _ in range(8):
        viewer.frame(LOW)
        viewer.now_ns -= 35 * MS
    for _ in range(20):
        viewer.frame(LOW)
    assert viewer.stream.figures(viewer.now_ns)["first_live_frame_ns"] == late_ns
