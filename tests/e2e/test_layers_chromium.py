"""Chromium sends a picture in layers and goes from one to the other as it watches: nobody sees a seam."""

import random

import pytest
from playwright.sync_api import Browser, Page

from tests.e2e.conftest import OpenPage, Stack, poll
from tests.e2e.frame_order import SMOOTH_LOOP, steps
from tests.e2e.sfu_signalling import SignallingServer
from tests.e2e.test_sfu_mediasoup import enter as enter_by_sfu
from tests.e2e.test_sfu_mediasoup import make_token
from tests.e2e.test_socketio_mediasoup import consume, enter

LONGEST_FREEZE_MS = 300
SIMULCAST = [
    {"rid": "l", "scaleResolutionDownBy": 4, "maxBitrate": 150_000, "scalabilityMode": "L1T3"},
    {"rid": "m", "scaleResolutionDownBy": 2, "maxBitrate": 400_000, "scalabilityMode": "L1T3"},
    {"rid": "h", "scaleResolutionDownBy": 1, "maxBitrate": 1_200_000, "scalabilityMode": "L1T3"},
]
WAYS = {
    "VP8": SIMULCAST,
    "H264": SIMULCAST,
    "VP9": [{"scalabilityMode": "L3T3_KEY", "maxBitrate": 3_000_000}],
    "AV1": [{"scalabilityMode": "L3T3", "maxBitrate": 1_500_000}],
}
SVC = ("VP9", "AV1")
HEIGHTS = [135, 270, 540]


@pytest.fixture(scope="module")
def browser(smooth_browser: Browser) -> Browser:
    """What is looked at is how smoothly pictures come."""
    return smooth_browser


def longest_pause_ms(page: Page) -> float:
    """Between two pictures that were shown, since the numbers were read anew."""
    return float(page.evaluate("Math.max(...window.shownAt.slice(1).map((at, i) => at - window.shownAt[i]))"))


@pytest.mark.parametrize(
    ("codec", "switches"),
    [
        ("VP8", 10),
        *(pytest.param(codec, 50, marks=pytest.mark.long) for codec in WAYS),
    ],
)
def test_random_switches_are_not_seen(
    stack: Stack, open_page: OpenPage, script: str, codec: str, switches: int
) -> None:
    dice = random.Random(1)
    sender, viewer = (enter(open_page, script, f"layers-{codec}") for _ in range(2))
    sender.evaluate("([codec, encodings]) => ortc.produceLayers(codec, encodings)", [codec, WAYS[codec]])
    (producer,) = consume(viewer, 1)
    viewer.evaluate("(ids) => ortc.show(ids)", [producer])
    poll(viewer, "video.videoHeight === 540", 30)
    viewer.wait_for_timeout(2_000)  # the sender's estimate of what it may send grows meanwhile
    viewer.evaluate("window.numbers.length = window.shownAt.length = 0")
    layer = 2
    for _ in range(switches):
        layer = dice.choice([other for other in range(3) if other != layer])
        viewer.evaluate("([id, layer]) => ortc.prefer(id, layer)", [producer, layer])
        poll(viewer, f"Math.abs(video.videoHeight - {HEIGHTS[layer]}) < 8", 10)  # codecs round it
        viewer.wait_for_timeout(dice.randrange(300, 900))
    figures = viewer.evaluate("(id) => ortc.figures(id)", producer)
    distances = steps(viewer.evaluate("window.numbers"), SMOOTH_LOOP)
    print(codec, figures["framesDecoded"], figures["freezeCount"], figures["keyFramesDecoded"])
    back = [step - SMOOTH_LOOP for step in distances if step > SMOOTH_LOOP // 2]
    assert not back, (back, distances)
    assert figures["packetsLost"] == figures["pliCount"] == 0, "a decoder in trouble asks for a key frame"
    # What waits in the pacer behind a key picture of all layers comes at once; the last is shown.
    late = 2 * figures["keyFramesDecoded"] if codec in SVC else switches
    assert figures["framesReceived"] - figures["framesDecoded"] <= 3 + late
    assert longest_pause_ms(viewer) < LONGEST_FREEZE_MS
    assert viewer.evaluate("ortc.toldLayers()")[-1].startswith(str(layer))


@pytest.mark.drawn(1)
@pytest.mark.parametrize("codec", SVC)
def test_layers_of_one_stream_go_and_come(stack: Stack, open_page: OpenPage, script: str, codec: str) -> None:
    sender, viewer = (enter(open_page, script, f"svc-{codec}") for _ in range(2))
    sender.evaluate("([codec, encodings]) => ortc.produceLayers(codec, encodings)", [codec, WAYS[codec]])
    (producer,) = consume(viewer, 1)
    viewer.evaluate("(ids) => ortc.show(ids)", [producer])
    poll(viewer, "video.videoHeight === 540", 30)
    for layer in (0, 1, 2, 1):
        viewer.evaluate("([id, layer]) => ortc.prefer(id, layer)", [producer, layer])
        poll(viewer, f"Math.abs(video.videoHeight - {HEIGHTS[layer]}) < 8", 10)
        viewer.wait_for_timeout(500)
    figures = viewer.evaluate("(id) => ortc.figures(id)", producer)
    assert figures["packetsLost"] == figures["pliCount"] == 0
    assert all(0 < step < SMOOTH_LOOP // 2 for step in steps(viewer.evaluate("window.numbers"), SMOOTH_LOOP))


def test_layers_of_one_who_publishes_by_whip_are_seen_and_chosen(
    stack: Stack, open_page: OpenPage, script: str
) -> None:
    room = "layers-whip"
    publisher = open_page()
    offer = {"url": f"{stack.base}/whip/{room}", "codec": "VP8", "encodings": SIMULCAST}
    assert "a=simulcast:recv l;m;h" in publisher.evaluate("publish", offer)
    stack.wait_for_program(room)
    with SignallingServer(stack.base, make_token(stack), room, token_in_path=False) as server:
        viewer = enter_by_sfu(open_page, script, server, "ada", room, "newest")
        consume(viewer, 2)
        producer, consumer = viewer.evaluate(
            "(([id, one]) => [id, one.id])([...ortc.consumers].find(([, one]) => one.kind === 'video'))"
        )
        viewer.evaluate("(ids) => ortc.show(ids)", [producer])
        poll(viewer, "video.videoHeight === 540", 30)
        for layer in (0, 2, 1):
            viewer.evaluate("([id, layer]) => ortc.prefer(id, layer)", [producer, layer])
            poll(viewer, f"video.videoHeight === {HEIGHTS[layer]}", 10)
        sent, *others = server.get(f"/consumers/{consumer}/stats")
        streams = [one for one in others if one["type"] == "inbound-rtp"]
        assert (sent["spatialLayer"], sent["targetSpatialLayer"]) == (1, 1)
        seen = [(one["rid"], one["height"], one["spatialLayer"]) for one in streams]
        assert seen == [("l", 135, 0), ("m", 270, 1), ("h", 540, 2)]
        assert all(one["bitrate"] > 50_000 and one["framesPerSecond"] > 5 for one in streams)
        assert viewer.evaluate("(id) => ortc.figures(id)", producer)["packetsLost"] == 0
        viewer.evaluate("ortc.leave()")


def test_fewer_frames_are_shown_of_a_lower_temporal_layer(
    stack: Stack, open_page: OpenPage, script: str
) -> None:
    sender, viewer = (enter(open_page, script, "layers-temporal") for _ in range(2))
    sender.evaluate("([codec, encodings]) => ortc.produceLayers(codec, encodings)", ["VP8", SIMULCAST])
    (producer,) = consume(viewer, 1)
    viewer.evaluate("(ids) => ortc.show(ids)", [producer])
    poll(viewer, "video.videoHeight === 540", 30)
    rates = []
    for temporal in (2, 0, 2):
        viewer.evaluate("([id, temporal]) => ortc.prefer(id, 2, temporal)", [producer, temporal])
        viewer.wait_for_timeout(1_500)
        before = viewer.evaluate("(id) => ortc.figures(id)", producer)["framesDecoded"]
        viewer.wait_for_timeout(2_000)
        rates.append(viewer.evaluate("(id) => ortc.figures(id)", producer)["framesDecoded"] - before)
    assert rates[1] < rates[0] * 0.4 and rates[2] > rates[0] * 0.7, rates
    assert viewer.evaluate("(id) => ortc.figures(id)", producer)["packetsLost"] == 0
