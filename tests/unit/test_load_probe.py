"""A probe's accounting: what is lost, late, double, again, forged, renumbered, and every delay."""

import pytest

from tests.probed import KEY, MS, SALT, SSRC, Renumbered
from vtp.bench._client import ProbeBench


def test_every_packet_is_counted_and_timed_from_the_first_on() -> None:
    path = Renumbered()
    path.pass_on(*range(300), delay_us=400)
    found = path.figures()
    assert (found["packets"], found["lost"], found["untimed"], found["resynchronized"]) == (300, 0, 0, 0)
    assert found["bytes"] == 300 * (12 + 900 + 16)
    assert found["delay"] == {"count": 300, "min_us": 400, "max_us": 400, "buckets": {402: 300}}


def test_one_packet_in_so_many_is_authenticated() -> None:
    path = Renumbered(authenticate_every=50)
    path.pass_on(*range(500))
    assert path.figures()["authenticated"] == 10


@pytest.mark.parametrize("first", [0, 1, 127, 128, 32767, 32768, 65534, 65535])
@pytest.mark.parametrize("shift", [-40, 0, 7, 40_000])
def test_numbers_wrap_on_both_sides_without_a_loss(first: int, shift: int) -> None:
    path = Renumbered(first=first + 65536, shift=shift, authenticate_every=32)
    path.pass_on(*range(400), delay_us=700)
    found = path.figures()
    assert (found["packets"], found["lost"], found["resynchronized"], found["untimed"]) == (400, 0, 0, 0)
    assert found["authentication_failed"] == 0
    assert found["delay"]["count"] == 400


def test_what_does_not_come_is_lost_and_asked_for() -> None:
    path = Renumbered()
    path.pass_on(*range(10))
    path.send(10, 11)
    path.pass_on(*range(12, 20))
    assert path.figures()["lost"] == 2
    asked = path.probe.poll(path.sent_ns(20) + 50 * MS)
    assert asked == [(path.first + n + path.shift) & 0xFFFF for n in (10, 11)]


def test_a_retransmission_repairs_a_loss_and_is_timed() -> None:
    path = Renumbered()
    path.pass_on(*range(10))
    path.send(10)
    path.pass_on(*range(11, 20))
    path.resend(10, delay_us=60_000)
    found = path.figures()
    assert (found["packets"], found["lost"], found["recovered"], found["duplicated"]) == (20, 0, 1, 0)
    assert found["delay"]["max_us"] == 60_000
    assert path.probe.poll(path.sent_ns(40)) == []


def test_without_rtx_a_packet_that_was_asked_for_is_repaired_by_itself() -> None:
    path = Renumbered(rtx_ssrc=0)
    path.pass_on(0, 1, 2, 5, 6)
    assert len(path.probe.poll(path.sent_ns(6) + 50 * MS)) == 2
    path.pass_on(3, 4)
    found = path.figures()
    assert (found["packets"], found["lost"], found["recovered"], found["reordered"]) == (7, 0, 2, 0)


def test_a_retransmission_of_what_was_not_missing_is_not_counted() -> None:
    path = Renumbered()
    path.pass_on(*range(10))
    path.resend(4)
    found = path.figures()
    assert (found["packets"], found["recovered"], found["duplicated"]) == (10, 0, 0)


def test_a_loss_that_nothing_repairs_asks_for_a_key_frame() -> None:
    path = Renumbered()
    path.pass_on(0, 1, 2, 4, 5)
    path.probe.poll(path.sent_ns(5) + 2000 * MS)
    assert path.probe.wants_key


def test_late_packets_are_reordered_not_lost() -> None:
    path = Renumbered()
    path.pass_on(0, 1, 2, 5, 3, 4, 6)
    found = path.figures()
    assert (found["packets"], found["lost"], found["reordered"], found["duplicated"]) == (7, 0, 2, 0)


def test_a_packet_that_comes_twice_counts_once() -> None:
    path = Renumbered()
    path.pass_on(*range(5))
    path.deliver(path.packet(3), 3)
    path.deliver(path.packet(4), 4)
    found = path.figures()
    assert (found["packets"], found["duplicated"]) == (5, 2)


def test_a_wrong_tag_is_counted_when_the_packet_is_in_the_sample() -> None:
    path = Renumbered(authenticate_every=1)
    path.pass_on(*range(5))
    path.send(5)
    packet = bytearray(path.packet(5))
    packet[-1] ^= 1
    path.deliver(bytes(packet), 5)
    found = path.figures()
    assert (found["authenticated"], found["authentication_failed"]) == (5, 1)


def test_a_forged_first_packet_starts_nothing() -> None:
    path = Renumbered()
    path.send(0)
    packet = bytearray(path.packet(0))
    packet[20] ^= 1
    path.deliver(bytes(packet), 0)
    assert path.figures()["packets"] == 0
    path.pass_on(*range(1, 4))
    assert path.figures()["packets"] == 3


def test_a_server_that_renumbers_on_the_way_is_noticed_and_followed() -> None:
    path = Renumbered()
    path.pass_on(*range(20))
    path.shift += 9000
    path.pass_on(*range(20, 60), delay_us=900)
    found = path.figures()
    assert (found["packets"], found["lost"], found["skipped"]) == (60, 0, 0)
    assert found["resynchronized"] == 1
    assert found["delay"]["count"] == 60


def test_packets_that_a_server_leaves_out_without_a_gap_are_skipped() -> None:
    path = Renumbered()
    path.pass_on(*range(20))
    path.send(*range(20, 50))
    path.shift -= 30
    path.pass_on(*range(50, 80))
    found = path.figures()
    assert (found["packets"], found["lost"], found["skipped"], found["resynchronized"]) == (50, 0, 30, 1)


def test_padding_on_the_streams_own_numbers_is_neither_lost_nor_a_packet() -> None:
    path = Renumbered()
    path.pass_on(*range(20))
    path.deliver(path.packet(20, payload=b""), 19)
    path.shift += 1
    path.pass_on(*range(20, 40))
    found = path.figures()
    assert (found["packets"], found["padding"], found["lost"], found["resynchronized"]) == (40, 1, 0, 1)


def test_a_long_outage_is_loss_not_a_new_numbering() -> None:
    path = Renumbered()
    path.pass_on(*range(10))
    path.send(*range(10, 1510))
    path.pass_on(*range(1510, 1520))
    found = path.figures()
    assert (found["packets"], found["lost"], found["resynchronized"]) == (20, 1500, 0)


def test_a_new_window_counts_from_the_newest_packet_on() -> None:
    path = Renumbered()
    path.pass_on(*range(10))
    path.pass_on(11)
    path.probe.restart(12345)
    path.pass_on(10)  # belongs to the window before
    path.pass_on(12, 14, 15)
    found = path.figures()
    assert (found["packets"], found["lost"], found["reordered"]) == (3, 1, 0)
    assert (found["started_ns"], found["delay"]["count"]) == (12345, 3)


def test_a_viewer_that_begins_within_a_sequence_asks_for_a_key_frame() -> None:
    path = Renumbered()
    path.send(0)
    path.deliver(path.packet(0, key=False), 0)
    assert path.probe.wants_key
    other = Renumbered()
    other.pass_on(0)
    assert not other.probe.wants_key


def test_without_a_source_packets_are_counted_and_have_no_delay() -> None:
    path = Renumbered()
    probe = ProbeBench(KEY, SALT, ssrc=SSRC, with_source=False)
    for n in range(100):
        probe.receive(path.packet(n), path.sent_ns(n), path.sent_ns(n))
    found = probe.figures()
    assert (found["packets"], found["untimed"], found["delay"]["count"]) == (100, 0, 0)
    assert found["authenticated"] == 2


def test_a_payload_that_is_not_the_sources_is_not_looked_at_forever() -> None:
    path = Renumbered(authenticate_every=64)
    for n in range(640):
        path.send(n)
        path.deliver(path.packet(n, payload=bytes(900)), n)
    found = path.figures()
    assert found["untimed"] == 640
    assert found["authenticated"] < 30
