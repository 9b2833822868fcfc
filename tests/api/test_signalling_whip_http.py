"""The HTTP of WHIP and WHEP (RFC 9725): statuses, headers, preconditions, who owns a session."""

import re
from collections.abc import AsyncIterator

import pytest

from tests.media_server import Client, MediaServer, client, running_server, webrtc_transports
from vtp.media.ice_servers import make_turn_credentials
from vtp.media.parameters import Kind

FRAGMENT = "application/trickle-ice-sdpfrag"
CANDIDATE = "a=candidate:1 1 udp 2130706431 192.0.2.7 50000 typ host\r\n"
NEW_CREDENTIALS = "a=ice-ufrag:freshone\r\na=ice-pwd:0123456789abcdefghijklmn\r\n"


@pytest.fixture
async def server() -> AsyncIterator[MediaServer]:
    async with running_server() as server:
        yield server


@pytest.fixture
async def alice(server: MediaServer) -> AsyncIterator[Client]:
    async with client(server, "alice") as alice:
        yield alice


async def send_offer(who: Client, kinds: tuple[Kind, ...] = ("audio", "video")) -> str:
    for kind in kinds:
        who.connection.addTransceiver(kind, direction="sendonly")
    return await who.offer()


async def publish(who: Client, path: str = "/whip/physics") -> None:
    """Makes a session without bringing its media up."""
    async with await who.post(path, await send_offer(who)) as response:
        assert response.status == 201, await response.text()
        who.location, who.etag = response.headers["Location"], response.headers["ETag"]


async def patch(who: Client, body: str, if_match: str | None) -> tuple[int, str, str]:
    headers = {"Content-Type": FRAGMENT} | ({"If-Match": if_match} if if_match else {})
    async with await who.call("PATCH", data=body, headers=headers) as response:
        return response.status, await response.text(), response.headers.get("ETag", "")


async def status_of_post(who: Client, path: str, body: str, **headers: str) -> tuple[int, str]:
    all_headers = {"Content-Type": "application/sdp", "Authorization": f"Bearer {who.token}"} | headers
    url = f"{who.server.url}{path}"
    async with who.server.http.post(url, data=body, headers=all_headers) as response:
        return response.status, (await response.json())["detail"]


async def test_accepted_offer_answers_201_with_location_etag_and_sdp(alice: Client) -> None:
    async with await alice.post("/whip/physics", await send_offer(alice)) as response:
        assert response.status == 201
        assert response.content_type == "application/sdp"
        assert re.fullmatch(r"/whip/physics/[0-9a-f-]{36}", response.headers["Location"])
        assert re.fullmatch(r'"[^"]+"', response.headers["ETag"])
        assert response.headers["Accept-Patch"] == FRAGMENT
        assert "a=setup:passive" in await response.text()


async def test_ice_servers_are_linked_when_configured() -> None:
    async with (
        running_server(ice_servers=["stun:stun.school.example:3478"]) as server,
        client(server, "alice") as alice,
        await alice.post("/whip/physics", await send_offer(alice)) as response,
    ):
        assert response.headers["Link"] == '<stun:stun.school.example:3478>; rel="ice-server"'


async def test_turn_servers_are_linked_with_credentials_that_do_not_name_the_session() -> None:
    async with (
        running_server(turn_urls=["turn:turn.school.example"], turn_secret="north") as server,
        client(server, "alice") as alice,
        await alice.post("/whip/physics", await send_offer(alice)) as response,
    ):
        link, session = response.headers["Link"], response.headers["Location"].rpartition("/")[2]
        found = re.fullmatch(
            r'<turn:turn\.school\.example>; rel="ice-server"; username="(\d+:[0-9a-f-]{36})"; '
            r'credential="([^"]+)"; credential-type="password"',
            link,
        )
        assert found and session not in link and "north" not in link
        expiry, _, name = found[1].partition(":")
        assert make_turn_credentials("north", name, int(expiry)).password == found[2]


async def test_ice_restart_links_turn_servers_with_new_credentials_that_nobody_may_keep() -> None:
    async with (
        running_server(turn_urls=["turn:turn.school.example"], turn_secret="north") as server,
        client(server, "alice") as alice,
    ):
        await publish(alice)
        (transport,) = server.room().router.transports
        headers = {"Content-Type": FRAGMENT, "If-Match": alice.etag}
        async with await alice.call("PATCH", data=NEW_CREDENTIALS, headers=headers) as response:
            assert response.status == 200 and response.headers["Cache-Control"] == "no-store"
            found = re.search(r'username="(\d+):([^"]+)"; credential="([^"]+)"', response.headers["Link"])
            assert found and found[2] == transport
            assert make_turn_credentials("north", transport, int(found[1])).password == found[3]


async def test_options_name_the_type_that_post_takes(server: MediaServer) -> None:
    for face in ("whip", "whep"):
        async with server.http.options(f"{server.url}/{face}/physics") as response:
            assert response.status == 204 and response.headers["Accept-Post"] == "application/sdp"


async def test_options_of_a_session_name_the_type_that_patch_takes(alice: Client) -> None:
    await publish(alice)
    async with await alice.call("OPTIONS") as response:
        assert response.status == 204 and response.headers["Accept-Patch"] == FRAGMENT


async def test_call_without_a_token_is_401(server: MediaServer) -> None:
    for path in ("/whip/physics", "/whep/physics"):
        headers = {"Content-Type": "application/sdp"}
        async with server.http.post(server.url + path, data="v=0\r\n", headers=headers) as response:
            assert response.status == 401 and response.headers["WWW-Authenticate"].startswith("Bearer")


async def test_publishing_without_the_right_is_403(server: MediaServer) -> None:
    async with client(server, "watcher-bob") as bob:
        status, _ = await status_of_post(bob, "/whip/physics", await send_offer(bob))
        assert status == 403 and len(server.live_rooms) == 0


async def test_unknown_room_is_404(alice: Client) -> None:
    status, _ = await status_of_post(alice, "/whip/nowhere", await send_offer(alice))
    assert status == 404


async def test_another_content_type_is_415(alice: Client) -> None:
    status, _ = await status_of_post(alice, "/whip/physics", "{}", **{"Content-Type": "application/json"})
    assert status == 415


async def test_huge_offer_is_413(alice: Client) -> None:
    status, _ = await status_of_post(alice, "/whip/physics", "v=0\r\n" + "a=x\r\n" * 20_000)
    assert status == 413


@pytest.mark.parametrize("body", ["", "hello", "\x00\xff" * 50])
async def test_what_is_no_offer_is_400_with_a_reason(alice: Client, body: str) -> None:
    status, detail = await status_of_post(alice, "/whip/physics", body)
    assert status == 400 and detail
    assert len(alice.server.room().router.transports if alice.server.live_rooms.rooms else {}) == 0


async def test_offer_without_media_is_406(alice: Client) -> None:
    status, detail = await status_of_post(alice, "/whip/physics", "v=0\r\n")
    assert status == 406 and detail


async def test_offer_without_a_codec_we_know_is_406_with_a_reason(alice: Client) -> None:
    offer = re.sub(r"a=rtpmap:(\d+) \S+", r"a=rtpmap:\1 H261/90000", await send_offer(alice, ("video",)))
    status, detail = await status_of_post(alice, "/whip/physics", offer)
    assert status == 406 and detail
    assert not alice.server.room().router.transports


async def test_offer_that_only_receives_is_406_for_whip(alice: Client) -> None:
    alice.connection.addTransceiver("video", direction="recvonly")
    status, _ = await status_of_post(alice, "/whip/physics", await alice.offer())
    assert status == 406


async def test_ice_lite_publisher_is_refused_with_a_reason(alice: Client) -> None:
    offer = (await send_offer(alice)).replace("s=-\r\n", "s=-\r\na=ice-lite\r\n")
    offer = offer if "a=ice-lite" in offer else offer.replace("t=0 0\r\n", "t=0 0\r\na=ice-lite\r\n")
    status, detail = await status_of_post(alice, "/whip/physics", offer)
    assert status == 406 and "lite" in detail.lower()


@pytest.mark.parametrize("query", ["peer=nobody", "producer=nothing"])
async def test_watching_what_is_not_there_is_409_with_retry_after(alice: Client, query: str) -> None:
    alice.connection.addTransceiver("video", direction="recvonly")
    async with await alice.post(f"/whep/physics?{query}", await alice.offer()) as response:
        assert response.status == 409 and int(response.headers["Retry-After"]) > 0
    assert len(alice.server.live_rooms) == 0


async def test_trickled_candidates_are_204(alice: Client) -> None:
    await publish(alice)
    for tag in (alice.etag, "*"):
        assert await patch(alice, CANDIDATE, tag) == (204, "", "")


async def test_patch_without_if_match_is_428(alice: Client) -> None:
    await publish(alice)
    assert (await patch(alice, CANDIDATE, None))[0] == 428


async def test_patch_of_an_older_ice_session_is_412(alice: Client) -> None:
    await publish(alice)
    assert (await patch(alice, CANDIDATE, '"other"'))[0] == 412


@pytest.mark.parametrize("any_tag", [True, False])
async def test_ice_restart_is_200_with_new_credentials_and_a_new_etag(alice: Client, any_tag: bool) -> None:
    await publish(alice)
    before = webrtc_transports(alice.server.room())[0].ice_parameters
    status, fragment, etag = await patch(alice, NEW_CREDENTIALS, "*" if any_tag else alice.etag)
    assert status == 200 and etag and etag != alice.etag
    after = webrtc_transports(alice.server.room())[0].ice_parameters
    assert after.username_fragment != before.username_fragment
    assert f"a=ice-ufrag:{after.username_fragment}" in fragment and f"a=ice-pwd:{after.password}" in fragment
    assert "a=candidate:" in fragment
    assert (await patch(alice, CANDIDATE, alice.etag))[0] == 412
    assert (await patch(alice, CANDIDATE, etag))[0] == 204


async def test_half_of_the_credentials_is_400(alice: Client) -> None:
    await publish(alice)
    status, _, _ = await patch(alice, "a=ice-ufrag:freshone\r\n", "*")
    assert status == 400


async def test_fragment_of_another_type_is_415(alice: Client) -> None:
    await publish(alice)
    headers = {"Content-Type": "application/sdp", "If-Match": "*"}
    async with await alice.call("PATCH", data=CANDIDATE, headers=headers) as response:
        assert response.status == 415


async def test_garbage_as_a_fragment_is_400_and_harms_nothing(alice: Client) -> None:
    await publish(alice)
    status, _, _ = await patch(alice, "\x00garbage", "*")
    assert status == 400
    assert (await patch(alice, CANDIDATE, alice.etag))[0] == 204


async def test_session_of_somebody_else_is_403(alice: Client) -> None:
    await publish(alice)
    async with client(alice.server, "mallory") as mallory:
        mallory.location = alice.location
        assert (await mallory.call("DELETE")).status == 403
        assert (await patch(mallory, NEW_CREDENTIALS, "*"))[0] == 403
    assert len(alice.server.room().router.transports) == 1


async def test_deleted_session_is_200_then_404(alice: Client) -> None:
    await publish(alice)
    assert (await alice.call("DELETE")).status == 200
    assert (await alice.call("DELETE")).status == 404
    assert (await patch(alice, CANDIDATE, "*"))[0] == 404


async def test_whip_session_is_not_found_under_whep(alice: Client) -> None:
    await publish(alice)
    alice.location = alice.location.replace("/whip/", "/whep/")
    assert (await alice.call("DELETE")).status == 404


async def test_publishing_again_replaces_the_own_session(alice: Client) -> None:
    await publish(alice)
    first = alice.location
    async with client(alice.server, "alice") as again:
        await publish(again)
        alice.location = first
        assert (await alice.call("DELETE")).status == 404
        assert (await again.call("DELETE")).status == 200


async def test_refused_offer_leaves_the_presenter_alone(alice: Client) -> None:
    await publish(alice)
    async with client(alice.server, "alice") as again:
        again.connection.addTransceiver("video", direction="recvonly")
        status, _ = await status_of_post(again, "/whip/physics", await again.offer())
        assert status == 406
    assert alice.server.room().program.presenter is not None
    assert (await alice.call("DELETE")).status == 200
