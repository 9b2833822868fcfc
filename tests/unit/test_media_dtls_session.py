"""Our DTLS session against aiortc's own transport and bare pyOpenSSL, in both roles, in memory."""

import asyncio
import gc
import weakref
from collections.abc import AsyncIterator, Callable, Iterator

import pytest
from aiortc import rtcdtlstransport
from aiortc.rtcdtlstransport import RTCCertificate, RTCDtlsFingerprint, RTCDtlsParameters, RTCDtlsTransport
from OpenSSL import SSL

from vtp.media import dtls
from vtp.media.certificates import Certificates
from vtp.media.dtls import DtlsRole, DtlsSession, DtlsState, SrtpKeys, _Seam
from vtp.media.dtls_pipe import MAX_QUEUED_DATAGRAMS
from vtp.media.parameters import DtlsFingerprint, DtlsParameters
from vtp.media.system_openssl import SystemConnection

AES_CM, GCM_128, GCM_256 = 1, 7, 8


class Owner:
    def __init__(self) -> None:
        self.keys: asyncio.Future[SrtpKeys] = asyncio.get_running_loop().create_future()
        self.ended: asyncio.Future[tuple[DtlsState, str]] = asyncio.get_running_loop().create_future()

    def dtls_connected(self, keys: SrtpKeys) -> None:
        self.keys.set_result(keys)

    def dtls_ended(self, state: DtlsState, reason: str) -> None:
        self.ended.set_result((state, reason))


class PeerPipe:
    """What aiortc takes for an ICE transport, with our session at the other end."""

    role = "controlling"

    def __init__(self) -> None:
        self.queue: asyncio.Queue[bytes] = asyncio.Queue()
        self.deliver: Callable[[bytes], None] = lambda data: None

    async def _recv(self) -> bytes:
        return await self.queue.get()

    async def _send(self, data: bytes) -> None:
        # aiortc writes its flight as one blob; a real client sends records that fit the path.
        self.deliver(data)


class Pair:
    """Our session and aiortc's transport, with a list of what was sent and a chance to lose it."""

    def __init__(self, role: DtlsRole, *, limit_s: float = 30.0) -> None:
        self.role = role
        self.owner = Owner()
        self.sent: list[bytes] = []
        self.first_sent = asyncio.Event()
        self.lose: Callable[[bytes], bool] = lambda datagram: False
        self.certificate = Certificates().current()
        self.session = DtlsSession(self.certificate, self._send, self.owner, limit_s=limit_s)
        self.peer_certificate = RTCCertificate.generateCertificate()
        self.pipe = PeerPipe()
        self.pipe.deliver = self.session.receive
        self.peer = RTCDtlsTransport(self.pipe, [self.peer_certificate])  # type: ignore[arg-type]
        self.peer._set_role("client" if role is DtlsRole.SERVER else "server")
        self.remote = DtlsParameters(fingerprints=[fingerprint(self.peer_certificate)])
        self.tasks: list[asyncio.Task[None]] = []

    @property
    def seam(self) -> _Seam:
        """What of aiortc's the session works with, until it is released."""
        assert self.session._seam is not None
        return self.session._seam

    def _send(self, datagram: bytes) -> bool:
        self.sent.append(datagram)
        self.first_sent.set()
        if not self.lose(datagram):
            self.pipe.queue.put_nowait(datagram)
        return True

    def record_peer(self) -> list[bytes]:
        """What the peer sends from now on."""
        sent: list[bytes] = []

        def deliver(data: bytes) -> None:
            sent.append(data)
            self.session.receive(data)

        self.pipe.deliver = deliver
        return sent

    def start(self) -> None:
        ours = self.certificate.fingerprint
        theirs = RTCDtlsParameters(fingerprints=[RTCDtlsFingerprint(ours.algorithm, ours.value)])
        self.tasks = [
            asyncio.create_task(self.session.run(self.role, self.remote)),
            asyncio.create_task(self.peer.start(theirs)),
        ]

    async def connect(self) -> SrtpKeys:
        self.start()
        async with asyncio.timeout(20):
            keys = await self.owner.keys
            await self.tasks[1]
        return keys

    async def close(self) -> None:
        self.session.close()
        await self.peer.stop()
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)
        await asyncio.sleep(0)


def fingerprint(certificate: RTCCertificate) -> DtlsFingerprint:
    found = certificate.getFingerprints()[0]
    return DtlsFingerprint(algorithm="sha-256", value=found.value)


@pytest.fixture(params=[DtlsRole.SERVER, DtlsRole.CLIENT])
async def pair(request: pytest.FixtureRequest) -> AsyncIterator[Pair]:
    pair = Pair(request.param)
    yield pair
    await pair.close()


@pytest.fixture
async def server() -> AsyncIterator[Pair]:
    pair = Pair(DtlsRole.SERVER, limit_s=0.3)
    yield pair
    await pair.close()


def exported(pair: Pair, profile: rtcdtlstransport.SRTPProtectionProfile) -> tuple[bytes, bytes]:
    """Key and salt of client and server as the peer's OpenSSL exports them."""
    assert pair.peer._ssl is not None
    size = 2 * (profile.key_length + profile.salt_length)
    material = pair.peer._ssl.export_keying_material(b"EXTRACTOR-dtls_srtp", size)
    return profile.get_key_and_salt(material, 0), profile.get_key_and_salt(material, 1)


async def test_keys_are_those_of_the_peer_in_the_right_direction(pair: Pair) -> None:
    pair.peer._srtp_profiles = [rtcdtlstransport.SRTP_AEAD_AES_256_GCM]
    keys = await pair.connect()
    assert keys.profile == GCM_256
    client, server = exported(pair, rtcdtlstransport.SRTP_AEAD_AES_256_GCM)
    ours, theirs = (server, client) if pair.role is DtlsRole.SERVER else (client, server)
    assert keys.send_key + keys.send_salt == ours
    assert keys.receive_key + keys.receive_salt == theirs


async def test_client_works_without_the_systems_openssl(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dtls, "load_library", lambda: None)
    pair = Pair(DtlsRole.CLIENT)
    assert (await pair.connect()).profile == GCM_256, "aiortc is the server and prefers it"
    assert isinstance(pair.seam.ssl, SSL.Connection)
    await pair.close()


async def test_client_uses_the_systems_openssl_which_takes_more_curves() -> None:
    pair = Pair(DtlsRole.CLIENT)
    await pair.connect()
    assert isinstance(pair.seam.ssl, SystemConnection)
    await pair.close()


async def test_server_chooses_gcm_128_though_the_client_names_gcm_256_first(server: Pair) -> None:
    assert (await server.connect()).profile == GCM_128


async def test_peer_that_knows_aes_cm_only_gets_aes_cm(pair: Pair) -> None:
    pair.peer._srtp_profiles = [rtcdtlstransport.SRTP_AES128_CM_SHA1_80]
    keys = await pair.connect()
    assert keys.profile == AES_CM
    assert (len(keys.send_key), len(keys.send_salt)) == (16, 14)


async def test_no_datagram_is_larger_than_1200_bytes(pair: Pair) -> None:
    await pair.connect()
    assert max(len(datagram) for datagram in pair.sent) <= 1200


async def test_wrong_fingerprint_fails_with_its_reason(pair: Pair) -> None:
    pair.remote = DtlsParameters(fingerprints=[fingerprint(RTCCertificate.generateCertificate())])
    pair.start()
    state, reason = await asyncio.wait_for(pair.owner.ended, 20)
    assert state is DtlsState.FAILED and "fingerprint" in reason
    assert not pair.owner.keys.done()


SHA_384 = DtlsFingerprint(algorithm="sha-384", value=":".join(["00"] * 48))
SHA_1 = DtlsFingerprint(algorithm="sha-1", value=":".join(["00"] * 20))


@pytest.mark.parametrize("told", [[SHA_1], [SHA_384], [SHA_384, None]])
async def test_one_wrong_fingerprint_or_none_we_can_compute_is_enough_to_fail(
    server: Pair, told: list[DtlsFingerprint | None]
) -> None:
    right = fingerprint(server.peer_certificate)
    server.remote = DtlsParameters(fingerprints=[wrong or right for wrong in told])
    server.start()
    state, reason = await asyncio.wait_for(server.owner.ended, 20)
    assert state is DtlsState.FAILED and "fingerprint" in reason


async def test_a_right_fingerprint_counts_in_small_letters_and_beside_one_we_cannot_compute(
    server: Pair,
) -> None:
    right = fingerprint(server.peer_certificate)
    small = DtlsFingerprint(algorithm="sha-256", value=right.value.lower())
    server.remote = DtlsParameters(fingerprints=[SHA_1, small])
    assert (await server.connect()).profile == 7


async def test_peer_without_a_common_srtp_profile_fails_with_its_reason(server: Pair) -> None:
    only = rtcdtlstransport.SRTPProtectionProfile(0, b"SRTP_AES128_CM_SHA1_32", 16, 14)
    server.peer._srtp_profiles = [only]
    server.start()
    state, reason = await asyncio.wait_for(server.owner.ended, 20)
    assert state is DtlsState.FAILED and "SRTP" in reason


async def test_silent_peer_ends_the_handshake_at_the_limit(server: Pair) -> None:
    server.tasks = [asyncio.create_task(server.session.run(DtlsRole.SERVER, server.remote))]
    state, reason = await asyncio.wait_for(server.owner.ended, 20)
    assert state is DtlsState.FAILED and reason == "The DTLS handshake did not end within 0.3 seconds."


async def test_garbage_does_not_end_a_handshake(pair: Pair) -> None:
    for garbage in (b"\x16", b"\x16\xfe\xfd" + bytes(60), bytes([63]) * 200, b"\x14\xfe\xff" + bytes(11)):
        pair.session.receive(garbage)
    await pair.connect()


async def test_lost_flight_is_resent_when_the_peer_repeats(server: Pair) -> None:
    clock = {"now": 0}
    server.seam._now_ms = lambda: clock["now"]
    losses = 1

    def lose_first(datagram: bytes) -> bool:
        nonlocal losses
        losses -= 1
        return losses >= 0

    server.lose = lose_first
    hello = server.record_peer()
    server.start()
    await server.first_sent.wait()
    clock["now"] = 60
    server.session.receive(hello[0])
    async with asyncio.timeout(0.25):  # OpenSSL's own timer would take a second
        await server.owner.keys


async def test_repeat_within_fifty_milliseconds_is_not_answered(server: Pair) -> None:
    server.seam._now_ms = lambda: 0
    server.lose = lambda datagram: True
    hello = server.record_peer()
    server.start()
    await server.first_sent.wait()
    sent = len(server.sent)
    for _ in range(5):
        server.session.receive(hello[0])
    state, _ = await asyncio.wait_for(server.owner.ended, 20)
    assert state is DtlsState.FAILED and len(server.sent) == sent


async def test_close_tells_the_peer_and_not_the_owner(pair: Pair) -> None:
    await pair.connect()
    closed = asyncio.Event()
    pair.peer.on("statechange", lambda: closed.set() if pair.peer.state == "closed" else None)
    pair.session.close()
    await asyncio.wait_for(closed.wait(), 20)
    assert pair.session.state is DtlsState.CLOSED and not pair.owner.ended.done()


async def test_close_notify_of_the_peer_ends_the_session(pair: Pair) -> None:
    await pair.connect()
    await pair.peer.stop()
    state, reason = await asyncio.wait_for(pair.owner.ended, 20)
    assert state is DtlsState.CLOSED and reason == "The peer closed the DTLS session."
    assert not pair.session.holds_ssl


async def test_released_session_frees_openssl_and_stays_connected(pair: Pair) -> None:
    await pair.connect()
    pair.session.release()
    async with asyncio.timeout(20):
        await pair.tasks[0]
    assert pair.session.state is DtlsState.CONNECTED and not pair.session.holds_ssl
    assert not pair.owner.ended.done()


async def test_session_that_carries_data_is_kept_and_sends_and_receives(pair: Pair) -> None:
    got: asyncio.Queue[bytes] = asyncio.Queue()
    at_peer: asyncio.Queue[bytes] = asyncio.Queue()

    class Receiver:
        async def _handle_data(self, data: bytes) -> None:
            at_peer.put_nowait(data)

    def receive(data: bytes) -> float:
        got.put_nowait(data)
        return 0.0

    pair.session.carry_data(receive)
    pair.peer._register_data_receiver(Receiver())
    assert not pair.session.send_data(b"too early")
    await pair.connect()
    pair.session.release()
    assert pair.session.holds_ssl
    assert pair.session.send_data(b"x" * 1189)
    await pair.peer._send_data(b"y")
    async with asyncio.timeout(20):
        assert (await at_peer.get(), await got.get()) == (b"x" * 1189, b"y")
    pair.session.close()
    assert not pair.session.send_data(b"too late")


async def test_data_is_dropped_until_the_peer_is_known_to_be_the_announced_one(server: Pair) -> None:
    got: list[bytes] = []

    def receive(data: bytes) -> float:
        got.append(data)
        return 0.0

    server.session.carry_data(receive)
    receiver = server.seam._data_receiver
    assert receiver is not None
    await receiver._handle_data(b"in one datagram with the last flight")
    assert got == []


@pytest.fixture
def no_collector() -> Iterator[None]:
    """What is freed here is freed by its last reference: no cycle waits for the collector."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


@pytest.mark.usefixtures("no_collector")
async def test_released_session_lets_go_of_all_that_the_handshake_needed(pair: Pair) -> None:
    await pair.connect()
    seam, ssl = weakref.ref(pair.seam), weakref.ref(pair.seam.ssl)
    pair.session.release()
    async with asyncio.timeout(20):
        await pair.tasks[0]
    await asyncio.sleep(0)
    assert seam() is None and ssl() is None


@pytest.mark.usefixtures("no_collector")
async def test_closed_session_lets_go_of_all_that_the_handshake_needed_and_of_its_owner(pair: Pair) -> None:
    await pair.connect()
    seam, owner = weakref.ref(pair.seam), weakref.ref(pair.owner)
    pair.session.close()
    pair.tasks[0].cancel()
    async with asyncio.timeout(20):
        await asyncio.wait([pair.tasks[0]])
    pair.owner, pair.tasks = Owner(), []
    await asyncio.sleep(0)
    assert seam() is None and owner() is None


@pytest.mark.usefixtures("no_collector")
async def test_session_that_the_peer_closed_lets_go_of_its_owner(pair: Pair) -> None:
    await pair.connect()
    seam, owner = weakref.ref(pair.seam), weakref.ref(pair.owner)
    await pair.peer.stop()
    async with asyncio.timeout(20):
        assert (await pair.owner.ended)[0] is DtlsState.CLOSED
        await pair.tasks[0]
    pair.owner = Owner()
    await asyncio.sleep(0)
    assert seam() is None and owner() is None


async def test_datagrams_after_the_release_are_dropped_and_counted(pair: Pair) -> None:
    await pair.connect()
    pair.session.release()
    pair.session.receive(b"\x17")
    assert pair.session.dropped_datagrams == 1


async def test_released_session_closes_in_silence(pair: Pair) -> None:
    await pair.connect()
    pair.session.release()
    sent = len(pair.sent)
    pair.session.close()
    assert len(pair.sent) == sent and pair.session.state is DtlsState.CLOSED


async def test_datagrams_beyond_sixteen_are_dropped_and_counted(server: Pair) -> None:
    for _ in range(MAX_QUEUED_DATAGRAMS + 3):
        server.session.receive(b"\x16")
    assert server.session.dropped_datagrams == 3


async def test_exception_in_the_data_receiver_ends_the_session_with_an_event(pair: Pair) -> None:
    class Broken:
        async def _handle_data(self, data: bytes) -> None:
            raise ZeroDivisionError

    await pair.connect()
    pair.seam._register_data_receiver(Broken())
    await pair.peer._send_data(b"malformed")
    state, reason = await asyncio.wait_for(pair.owner.ended, 20)
    assert state is DtlsState.CLOSED and "ZeroDivisionError" in reason
