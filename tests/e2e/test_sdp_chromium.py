"""Chromium takes our answers: for publishing and watching, every codec, simulcast and data channels.

Needs no server: the answers come from the translation itself, the page is an empty one on localhost.
"""

import itertools
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Playwright

from tests.e2e.conftest import CHROMIUM, FLAGS
from vtp.media.capabilities import TOFFSET
from vtp.media.ortc import generate_router_capabilities, get_consumable_parameters, get_producer_mapping
from vtp.media.parameters import (
    DtlsFingerprint,
    DtlsParameters,
    IceCandidate,
    IceParameters,
    Kind,
    RtpParameters,
)
from vtp.media.sdp_offers import OfferReader
from vtp.media.sdp_ortc import whep_answer, whip_answer
from vtp.media.sdp_parse import parse_session

ICE = IceParameters(username_fragment="serverufrag", password="p" * 24, ice_lite=True)
DTLS = DtlsParameters(fingerprints=[DtlsFingerprint(algorithm="sha-256", value=":".join(["AB"] * 32))])
CANDIDATES = [
    IceCandidate(foundation="udp", priority=1076302079, address="192.0.2.7", protocol="udp", port=40000),
    IceCandidate(foundation="udp6", priority=1076276479, address="2001:db8::7", protocol="udp", port=40000),
]

OFFER_TO_PUBLISH = """async ({codec, rids, extra}) => {
  const stream = await navigator.mediaDevices.getUserMedia({audio: true, video: {width: 1280, height: 720}});
  const pc = window.pc = new RTCPeerConnection(extra.config || {});
  if (extra.data) pc.createDataChannel('chat');
  if (extra.dataBeforeMedia) await pc.setLocalDescription();
  pc.addTransceiver(stream.getAudioTracks()[0], {direction: 'sendonly', streams: [stream]});
  const init = {direction: 'sendonly', streams: [stream]};
  if (rids.length) init.sendEncodings = rids.map((rid, i) => ({rid, scaleResolutionDownBy: 4 >> i}));
  const video = window.video = pc.addTransceiver(stream.getVideoTracks()[0], init);
  for (let i = 1; i < (extra.videos || 1); i++) pc.addTransceiver(stream.getVideoTracks()[0].clone(), init);
  if (codec) {
    const all = RTCRtpReceiver.getCapabilities('video').codecs;
    video.setCodecPreferences(
      [...all.filter(c => c.mimeType === 'video/' + codec), ...all.filter(c => c.mimeType === 'video/rtx')]);
  }
  await pc.setLocalDescription();
  return pc.localDescription.sdp;
}"""

OFFER_TO_WATCH = """async (kinds) => {
  const pc = window.pc = new RTCPeerConnection();
  window.tracks = [];
  pc.ontrack = e => window.tracks.push([e.track.kind, e.streams.map(s => s.id)]);
  for (const kind of kinds) pc.addTransceiver(kind, {direction: 'recvonly'});
  await pc.setLocalDescription();
  return pc.localDescription.sdp;
}"""

TAKE_ANSWER = """async (sdp) => {
  await window.pc.setRemoteDescription({type: 'answer', sdp});
  const pc = window.pc;
  return {
    state: pc.signalingState,
    tracks: window.tracks,
    transceivers: pc.getTransceivers().map(t => ({
      mid: t.mid, direction: t.currentDirection, stopped: t.direction === 'stopped',
      rids: t.sender.getParameters().encodings.filter(e => e.active).map(e => e.rid),
      sends: t.sender.getParameters().codecs.map(c => c.mimeType),
      extensions: t.sender.getParameters().headerExtensions.map(e => e.uri),
    })),
  };
}"""


@pytest.fixture(scope="module")
def browser(playwright: Playwright) -> Iterator[Browser]:
    """Chromium with a camera of its own making, which has every size."""
    launched = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
    yield launched
    launched.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context()
    context.route("http://localhost/", lambda r: r.fulfill(body="<p>", content_type="text/html"))
    page = context.new_page()
    page.goto("http://localhost/")
    yield page
    context.close()


def publish(
    page: Page,
    codec: str | None,
    rids: list[str] | None = None,
    *,
    prefer: tuple[str, ...] = (),
    **extra: object,
) -> tuple[Any, Any]:
    """Offer, answer, apply; gives what Chromium made of it and our own reading."""
    text = page.evaluate(OFFER_TO_PUBLISH, {"codec": codec, "rids": rids or [], "extra": extra})
    answer = whip_answer(parse_session(text), generate_router_capabilities(), ICE, DTLS, CANDIDATES, prefer)
    return page.evaluate(TAKE_ANSWER, answer.sdp), answer


def watch(
    page: Page, kinds: list[str], producers: dict[Kind, RtpParameters] | None = None
) -> tuple[Any, Any]:
    text = page.evaluate(OFFER_TO_WATCH, kinds)
    ssrcs = itertools.count(5000)
    answer = whep_answer(
        OfferReader().read(text),
        generate_router_capabilities(),
        ICE,
        DTLS,
        CANDIDATES,
        allocate_ssrc=lambda: next(ssrcs),
        cname="presenter",
        stream_id="program",
        producers=producers,
    )
    return page.evaluate(TAKE_ANSWER, answer.sdp), answer


def test_every_codec_is_published_as_answered(page: Page) -> None:
    for codec in ("VP8", "H264", "VP9", "AV1"):
        taken, answer = publish(page, codec)
        audio, video = taken["transceivers"]
        assert taken["state"] == "stable"
        assert audio["direction"] == video["direction"] == "sendonly"
        assert video["sends"][0] == f"video/{codec}"
        assert "video/rtx" in video["sends"]
        assert [media.kind for media in answer.media] == ["audio", "video"]


def test_h264_is_sent_first_where_it_is_preferred(page: Page) -> None:
    taken, _ = publish(page, None, prefer=("H264",))
    assert taken["transceivers"][1]["sends"][0] == "video/H264"
    taken, _ = publish(page, None)
    assert taken["transceivers"][1]["sends"][0] == "video/VP8"


def test_all_three_simulcast_layers_stay_active(page: Page) -> None:
    for codec in (None, "H264", "VP9", "AV1"):
        taken, answer = publish(page, codec, ["q", "h", "f"])
        assert taken["transceivers"][1]["rids"] == ["q", "h", "f"]
        assert [encoding.rid for encoding in answer.media[1].rtp_parameters.encodings] == ["q", "h", "f"]


def test_extensions_of_the_answer_are_in_use(page: Page) -> None:
    taken, answer = publish(page, "VP8")
    for transceiver, media in zip(taken["transceivers"], answer.media, strict=True):
        answered = {extension.uri for extension in media.rtp_parameters.header_extensions}
        # Chromium drops toffset by itself where a better send time is agreed.
        assert set(transceiver["extensions"]) == answered - {TOFFSET}


def test_a_data_channel_is_rejected_and_media_goes_on(page: Page) -> None:
    taken, answer = publish(page, None, data=True)
    assert taken["state"] == "stable"
    assert [t["direction"] for t in taken["transceivers"]] == ["sendonly", "sendonly"]
    assert "m=application 0 " in answer.sdp


def test_a_data_channel_that_leads_the_bundle_is_rejected_and_media_goes_on(page: Page) -> None:
    taken, answer = publish(page, None, data=True, dataBeforeMedia=True)
    assert taken["state"] == "stable"
    assert [t["direction"] for t in taken["transceivers"]] == ["sendonly", "sendonly"]
    lines = [line.split(" ")[0] for line in answer.sdp.splitlines() if line.startswith("m=")]
    assert lines == ["m=application", "m=audio", "m=video"]


def test_a_second_video_is_rejected_and_the_first_goes_on(page: Page) -> None:
    taken, answer = publish(page, None, videos=2)
    assert taken["state"] == "stable"
    assert answer.sdp.count("m=video ") == 2
    # A rejected transceiver is taken away.
    assert [t["direction"] for t in taken["transceivers"]] == ["sendonly", "sendonly"]


def test_every_bundle_policy_is_answered(page: Page) -> None:
    for policy in ("balanced", "max-bundle", "max-compat"):
        taken, _ = publish(page, None, config={"bundlePolicy": policy})
        assert [t["direction"] for t in taken["transceivers"]] == ["sendonly", "sendonly"]


def test_a_viewer_receives_every_codec_on_one_stream(page: Page) -> None:
    taken, answer = watch(page, ["audio", "video"])
    audio, video = taken["transceivers"]
    assert audio["direction"] == video["direction"] == "recvonly"
    assert taken["tracks"] == [["audio", ["program"]], ["video", ["program"]]]
    assert {codec.name for codec in answer.media[1].line.codecs} == {"vp8", "vp9", "h264", "av1"}
    assert {codec.name for codec in answer.media[0].line.codecs} == {"opus", "pcmu", "pcma"}
    assert (answer.media[1].ssrc, answer.media[1].rtx_ssrc) == (5001, 5002)


def test_a_viewer_of_one_producer_receives_its_codec_alone(page: Page) -> None:
    capabilities = generate_router_capabilities()
    for codec in ("VP8", "H264", "VP9", "AV1"):
        produced = (publish(page, codec))[1].media[1].rtp_parameters
        mapping = get_producer_mapping(produced, capabilities, lambda: 7)
        consumable = get_consumable_parameters("video", produced, capabilities, mapping, "cname")
        taken, answer = watch(page, ["video"], {"video": consumable})
        assert [transceiver["direction"] for transceiver in taken["transceivers"]] == ["recvonly"]
        assert {c.name for c in answer.media[0].rtp_parameters.media_codecs()} == {codec.lower()}


def test_a_viewer_of_one_kind_is_answered(page: Page) -> None:
    for kind in ("audio", "video"):
        taken, _ = watch(page, [kind])
        assert [t["direction"] for t in taken["transceivers"]] == ["recvonly"]
