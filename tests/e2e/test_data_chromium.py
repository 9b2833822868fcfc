"""Chromium's data channels against our data producers and consumers, over real sockets.

Needs no server: transports live in the test, which plays signalling; the page is an empty one on localhost.
"""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, async_playwright

from tests.e2e.conftest import CHROMIUM, FLAGS
from vtp import _rtp_fast
from vtp.media.capabilities import router_codecs
from vtp.media.certificates import Certificates
from vtp.media.data_consumer import DataConsumer
from vtp.media.data_producer import DataProducer
from vtp.media.ortc import generate_router_capabilities
from vtp.media.parameters import DtlsFingerprint, DtlsParameters, SctpStreamParameters
from vtp.media.router import Router
from vtp.media.sctp import SctpState
from vtp.media.transport import WebRtcTransport
from vtp.media.worker import MediaWorker
from vtp.tasks import Tasks

pytestmark = pytest.mark.asyncio(loop_scope="module")  # one Chromium for all

OPEN_CHANNEL = """async ({name, options}) => {
  const pc = new RTCPeerConnection();
  const channel = pc.createDataChannel('chat', {negotiated: true, ...options});
  channel.binaryType = 'arraybuffer';
  const one = window[name] = {pc, channel, got: [], closed: new Promise(done => channel.onclose = done)};
  const sum = data => new Uint8Array(data).reduce((a, b) => a + b, 0);
  channel.onmessage = ({data}) => one.got.push(
    typeof data === 'string' ? data : {bytes: data.byteLength, sum: sum(data)});
  await pc.setLocalDescription();
  return pc.localDescription.sdp;
}"""

CONNECT = """async ({name, sdp}) => {
  const {pc, channel} = window[name];
  const open = new Promise(done => channel.onopen = done);
  await pc.setRemoteDescription({type: 'answer', sdp});
  await open;
}"""

SEND_ALL_KINDS = """() => {
  const {channel} = window.alice;
  channel.send('hällo');
  channel.send('');
  channel.send(new Uint8Array([1, 2, 255]));
  channel.send(new Uint8Array(0));
  channel.send(new Uint8Array(262144).fill(7));
}"""

SEND_MANY = """async (count) => {
  const {channel} = window.alice;
  for (let n = 0; n < count; n++) {
    while (channel.bufferedAmount > 1 << 20) await new Promise(done => setTimeout(done, 5));
    channel.send(new Uint8Array(16384).fill(n % 256));
  }
}"""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def chromium() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        await browser.close()


@pytest_asyncio.fixture(loop_scope="module")
async def page(chromium: Browser) -> AsyncIterator[Page]:
    context = await chromium.new_context()
    await context.route("http://localhost/", lambda r: r.fulfill(body="<p>", content_type="text/html"))
    page = await context.new_page()
    await page.goto("http://localhost/")
    yield page
    await context.close()


@pytest_asyncio.fixture(loop_scope="module")
async def router() -> AsyncIterator[Router]:
    core = _rtp_fast.Worker([("127.0.0.1", 0)], threaded=True)
    worker = MediaWorker(core, asyncio.get_running_loop(), threaded=True)
    worker.start()
    tasks = Tasks()
    router = Router(worker, generate_router_capabilities(router_codecs()), Certificates(), tasks)
    yield router
    router.close()
    await tasks.close()
    worker.close()


async def connect(page: Page, name: str, transport: WebRtcTransport, **options: object) -> None:
    """A page's connection with one agreed channel, as mediasoup-client negotiates it with itself."""
    offer = await page.evaluate(OPEN_CHANNEL, {"name": name, "options": options})
    value = next(line.split()[1] for line in offer.splitlines() if line.startswith("a=fingerprint:"))
    fingerprint = DtlsFingerprint(algorithm="sha-256", value=value)
    transport.connect(DtlsParameters(role="client", fingerprints=[fingerprint]))
    async with asyncio.timeout(60):
        await page.evaluate(CONNECT, {"name": name, "sdp": answer(transport)})


def answer(transport: WebRtcTransport) -> str:
    ice, sctp = transport.ice_parameters, transport.sctp_parameters
    assert sctp is not None
    lines = [
        "v=0",
        "o=- 1 1 IN IP4 0.0.0.0",
        "s=-",
        "t=0 0",
        "a=ice-lite",
        "a=group:BUNDLE 0",
        f"a=fingerprint:sha-256 {transport.dtls_parameters.fingerprints[0].value}",
        "m=application 9 UDP/DTLS/SCTP webrtc-datachannel",
        "c=IN IP4 0.0.0.0",
        "a=mid:0",
        f"a=ice-ufrag:{ice.username_fragment}",
        f"a=ice-pwd:{ice.password}",
        "a=setup:passive",
        *[
            f"a=candidate:{c.foundation} 1 {c.protocol} {c.priority} {c.address} {c.port} typ {c.type}"
            for c in transport.ice_candidates
        ],
        f"a=sctp-port:{sctp.port}",
        f"a=max-message-size:{sctp.max_message_size}",
    ]
    return "".join(f"{line}\r\n" for line in lines)


async def alice_and_bob(page: Page, router: Router, **how: object) -> tuple[DataProducer, DataConsumer]:
    """What Alice's channel 0 sends goes to Bob."""
    theirs, ours = (router.create_transport(enable_sctp=True) for _ in range(2))
    options = {"id": 0, **how}
    await connect(page, "alice", theirs, **options)
    producer = theirs.produce_data(SctpStreamParameters.from_json({"streamId": 0, **how}), "chat")
    consumer = ours.consume_data(producer)
    options["id"] = consumer.sctp_stream_parameters.stream_id
    await connect(page, "bob", ours, **options)
    assert (theirs.sctp_state, ours.sctp_state) == (SctpState.CONNECTED, SctpState.CONNECTED)
    return producer, consumer


async def got(page: Page, count: int) -> list[Any]:
    """Bob's messages, once there are so many."""
    await page.wait_for_function(f"window.bob.got.length >= {count}", timeout=60_000)
    messages: list[Any] = await page.evaluate("window.bob.got")
    return messages


async def test_messages_of_every_kind_and_size_arrive_as_what_they_are(page: Page, router: Router) -> None:
    producer, _ = await alice_and_bob(page, router)
    await page.evaluate(SEND_ALL_KINDS)
    assert await got(page, 5) == [
        "hällo",
        "",
        {"bytes": 3, "sum": 258},
        {"bytes": 0, "sum": 0},
        {"bytes": 262_144, "sum": 7 * 262_144},
    ]
    assert producer.stats()["messages"] == 5


async def test_megabytes_arrive_complete_and_in_order(page: Page, router: Router) -> None:
    await alice_and_bob(page, router)
    await page.evaluate(SEND_MANY, 500)
    messages = await got(page, 500)
    assert [message["sum"] for message in messages] == [n % 256 * 16_384 for n in range(500)]


async def test_unreliable_channel_carries_messages_too(page: Page, router: Router) -> None:
    await alice_and_bob(page, router, ordered=False, maxRetransmits=0)
    await page.evaluate(SEND_ALL_KINDS)
    assert "hällo" in await got(page, 4)


async def test_channel_that_the_page_closes_ends_on_the_other_page(page: Page, router: Router) -> None:
    producer, consumer = await alice_and_bob(page, router)
    await page.evaluate("() => { alice.channel.send('bye'); alice.channel.close(); }")
    await asyncio.wait_for(page.evaluate("alice.closed.then(() => 0)"), 40)
    await asyncio.wait_for(page.evaluate("bob.closed.then(() => 0)"), 40)
    assert producer.closed and consumer.closed and await got(page, 1) == ["bye"]


async def test_consumer_that_we_close_ends_on_its_page_only(page: Page, router: Router) -> None:
    producer, consumer = await alice_and_bob(page, router)
    consumer.close()
    await asyncio.wait_for(page.evaluate("bob.closed.then(() => 0)"), 40)
    assert not producer.closed and await page.evaluate("alice.channel.readyState") == "open"


async def test_page_that_leaves_ends_its_transport(page: Page, router: Router) -> None:
    producer, consumer = await alice_and_bob(page, router)
    await page.evaluate("alice.pc.close()")
    async with asyncio.timeout(40):
        while not producer.closed:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    assert consumer.closed
