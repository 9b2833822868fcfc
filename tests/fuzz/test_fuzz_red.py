"""RED whose headers are cut, forged and without end: what is accepted is whole, the rest leaves no hole."""

import random

import pytest

from tests.packet_path import PacketPath
from tests.red import pack_red, unpack_red
from tests.unit.test_worker_red import OPUS, RED, THEIR_OPUS, RedPublisher, viewer_of
from vtp import _rtp_fast as fast

SEEDS = 4


def forged(dice: random.Random) -> bytes:
    """Sometimes right, mostly not."""
    blocks = [dice.randbytes(dice.randrange(60)) for _ in range(dice.choice([0, 1, 2, 5, 15, 16, 80]))]
    payload = bytearray(pack_red(OPUS, dice.randbytes(dice.randrange(80)), blocks)[:1100])
    for _ in range(dice.choice([0, 0, 1, 3])):
        at = dice.randrange(len(payload))
        payload[at] = dice.choice([0, 0x7F, 0x80, 0xFF, 0x80 | OPUS, OPUS, dice.randrange(256)])
    return bytes(payload[: dice.choice([len(payload), len(payload), dice.randrange(len(payload) + 1)])])


@pytest.mark.parametrize("seed", range(SEEDS))
def test_every_viewer_gets_a_part_of_what_was_sent_and_no_hole(seed: int) -> None:
    dice = random.Random(seed)
    path = PacketPath()
    ada = RedPublisher(path)
    viewers = [viewer_of(path, ada.producer, red=red) for red in (True, False)]
    tap = path.worker.open_tap(ada.producer, 1 << 20)
    sent: list[tuple[bytes, int]] = []
    for _ in range(2_000):
        payload = forged(dice)
        ada.send(payload, RED)
        try:
            sent.append((payload, fast.read_red(payload, OPUS)))
        except ValueError:
            continue
    assert 100 < len(sent) < 1_900
    for viewer in viewers:
        assert len(viewer.rtp) == len(sent)
        numbers = [packet.sequence for packet in viewer.rtp]
        assert numbers == [(numbers[0] + i) & 0xFFFF for i in range(len(sent))]
    for (payload, at), whole, plain in zip(sent, viewers[0].rtp, viewers[1].rtp, strict=True):
        types, blocks = unpack_red(payload)
        assert set(types) == {OPUS} and sum(map(len, blocks)) == len(payload) - 4 * len(types) + 3
        assert unpack_red(whole.payload) == ([THEIR_OPUS] * len(types), blocks)
        assert plain.payload == blocks[-1] == payload[at:]
    assert path.worker.counters()["rtp_padding_only"] == 2_000 - len(sent)
    assert tap.drain(fast.Depacketizer(fast.CODEC_OPUS, 48_000, 100, payload_type=OPUS)) == len(sent)
    tap.close()
