"""Records in datagrams, and who repeats what."""

from vtp.media.dtls_flight import (
    MAX_RESENDS,
    RESEND_INTERVAL_MS,
    HandshakeProgress,
    LastFlight,
    pack_datagrams,
    split_records,
)

HANDSHAKE, ALERT, APPLICATION = 22, 21, 23


def record(content_type: int, body: bytes, epoch: int = 0, number: int = 0) -> bytes:
    header = bytes([content_type]) + b"\xfe\xfd" + epoch.to_bytes(2, "big") + number.to_bytes(6, "big")
    return header + len(body).to_bytes(2, "big") + body


def fragment(sequence: int, length: int, start: int, size: int) -> bytes:
    header = b"\x01" + length.to_bytes(3, "big") + sequence.to_bytes(2, "big")
    return record(HANDSHAKE, header + start.to_bytes(3, "big") + size.to_bytes(3, "big") + bytes(size))


def test_records_stay_whole_in_datagrams_of_the_limit() -> None:
    data = b"".join(record(HANDSHAKE, bytes(500), number=i) for i in range(5))
    datagrams = pack_datagrams(list(split_records(data)))
    assert [len(datagram) for datagram in datagrams] == [1026, 1026, 513]
    assert b"".join(datagrams) == data


def test_record_larger_than_the_limit_goes_alone() -> None:
    records = list(split_records(record(HANDSHAKE, bytes(1300)) + record(HANDSHAKE, bytes(10))))
    assert [len(datagram) for datagram in pack_datagrams(records)] == [1313, 23]


def test_truncated_record_ends_the_split() -> None:
    assert list(split_records(record(HANDSHAKE, bytes(40))[:-1])) == []


def test_unknown_record_layout_comes_as_one_rest() -> None:
    rest = b"\x2f\x00\x01" + bytes(30)
    assert [r.data for r in split_records(rest)] == [rest]


def test_second_fragment_of_a_message_is_no_repeat() -> None:
    progress = HandshakeProgress()
    assert not progress.receive(fragment(0, 1400, 0, 1100))
    assert not progress.receive(fragment(0, 1400, 1100, 300))


def test_same_fragment_twice_while_the_message_is_incomplete_is_no_repeat() -> None:
    progress = HandshakeProgress()
    assert not progress.receive(fragment(0, 1400, 0, 1100))
    assert not progress.receive(fragment(0, 1400, 0, 1100))


def test_message_that_was_complete_before_is_a_repeat() -> None:
    progress = HandshakeProgress()
    progress.receive(fragment(0, 100, 0, 100))
    assert progress.receive(fragment(0, 100, 0, 100))


def test_messages_completed_out_of_order_are_consumed_in_order() -> None:
    progress = HandshakeProgress()
    progress.receive(fragment(1, 50, 0, 50))
    assert not progress.receive(fragment(1, 50, 0, 50)), "message 0 is still missing, so 1 is not consumed"
    progress.receive(fragment(0, 50, 0, 50))
    assert progress.receive(fragment(1, 50, 0, 50))


def test_two_messages_in_one_datagram_are_no_repeat_of_each_other() -> None:
    progress = HandshakeProgress()
    assert not progress.receive(fragment(0, 50, 0, 50) + fragment(0, 50, 0, 50))


def test_encrypted_and_short_records_are_no_repeat() -> None:
    progress = HandshakeProgress()
    progress.receive(fragment(0, 50, 0, 50))
    assert not progress.receive(record(HANDSHAKE, bytes(40), epoch=1))
    assert not progress.receive(record(HANDSHAKE, b"\x01"))


def test_message_far_ahead_takes_no_memory() -> None:
    progress = HandshakeProgress()
    for sequence in range(17, 60_000, 7):
        progress.receive(fragment(sequence, 50, 0, 50))
    assert len(progress._pending) == 0


def test_flight_is_sent_again_at_most_every_fifty_milliseconds_and_three_times() -> None:
    flight = LastFlight()
    flight.sent(record(HANDSHAKE, bytes(20)), now_ms=1000)
    assert flight.again(1000 + RESEND_INTERVAL_MS - 1) == []
    now_ms = 1000
    for _ in range(MAX_RESENDS):
        now_ms += RESEND_INTERVAL_MS
        assert flight.again(now_ms) == [record(HANDSHAKE, bytes(20))]
    assert flight.again(now_ms + 10 * RESEND_INTERVAL_MS) == []


def test_new_flight_may_be_sent_again_three_times_too() -> None:
    flight = LastFlight()
    for start_ms in (0, 10_000):
        flight.sent(record(HANDSHAKE, bytes(20)), start_ms)
        assert [bool(flight.again(start_ms + n * RESEND_INTERVAL_MS)) for n in (1, 2, 3, 4)] == [True] * 3 + [
            False
        ]


def test_alerts_and_application_data_do_not_replace_the_flight() -> None:
    flight = LastFlight()
    flight.sent(record(HANDSHAKE, b"flight"), 0)
    flight.sent(record(ALERT, b"\x01\x00") + record(APPLICATION, b"data"), 10)
    assert flight.again(100) == [record(HANDSHAKE, b"flight")]


def test_a_flight_is_sent_again_in_datagrams_of_the_limit_and_without_data_that_left_with_it() -> None:
    flight = LastFlight()
    records = b"".join(record(HANDSHAKE, bytes(500), number=i) for i in range(3))
    flight.sent(records + record(APPLICATION, b"data"), 0)
    again = flight.again(RESEND_INTERVAL_MS)
    assert [len(datagram) for datagram in again] == [1026, 513]
    assert b"".join(again) == records


def test_nothing_is_sent_again_before_a_flight() -> None:
    assert LastFlight().again(10_000) == []


def test_a_message_in_one_piece_completes_one_that_had_come_in_parts() -> None:
    progress = HandshakeProgress()
    progress.receive(fragment(0, 1400, 0, 1100))
    assert not progress.receive(fragment(0, 1400, 0, 1400))
    assert progress.receive(fragment(0, 1400, 1100, 300))
