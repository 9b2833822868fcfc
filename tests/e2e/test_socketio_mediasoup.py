"""mediasoup-client and socket.io-client from npm, unchanged, in Chromium: people see and hear each other."""

import pytest
from playwright.sync_api import Error, Page

from tests.e2e.conftest import OpenPage, Stack, poll
from tests.e2e.frame_order import assert_in_order, wait_for_numbers
from vtp.bench.lecture_sound import TONE_HZ

COUNTING = """
window.connectionsMade = 0;
window.RTCPeerConnection = class extends RTCPeerConnection {
  constructor(...given) { super(...given); window.connectionsMade++; }
};
"""
VERSIONS = {"newest": "3.24.1", "2024": "3.7.17", "2019": "3.0.0", "2019-data": "3.2.11"}


def enter(
    open_page: OpenPage,
    script: str,
    room: str,
    client: str = "newest",
    style: str = "ack",
    *,
    data: bool = False,
    token: str = "",
) -> Page:
    page = open_page()
    page.evaluate(script + "\nundefined;")
    options = {"room": room, "client": client, "style": style, "data": data, "token": token}
    page.evaluate("(options) => ortc.start(options)", options)
    return page


def consume(page: Page, count: int) -> list[str]:
    """What others have announced, once there is so much of it."""
    poll(page, f"ortc.announced.length >= {count}")
    ids: list[str] = page.evaluate("ortc.consume()")
    return ids


@pytest.mark.drawn(1)
@pytest.mark.parametrize(
    ("client", "style"),
    [
        ("newest", "ack"),
        ("2019", "events"),
        pytest.param("2024", "events", marks=pytest.mark.long),
        pytest.param("2019-data", "ack", marks=pytest.mark.long),
    ],
)
def test_each_of_two_sees_and_hears_the_other(
    stack: Stack, open_page: OpenPage, script: str, client: str, style: str
) -> None:
    room = f"ortc-{client}-{style}"
    pages = [enter(open_page, script, room, client, style) for _ in range(2)]
    assert pages[0].evaluate("mediasoupVersions") == VERSIONS
    for page in pages:
        page.evaluate("ortc.produce('H264')")
    for page in pages:
        page.evaluate("(ids) => ortc.show(ids)", consume(page, 2))
    for page in pages:
        assert_in_order(wait_for_numbers(page, 20))
        heard = page.evaluate(f"listen({TONE_HZ}, 10)")
        assert heard["share"] > 0.5, heard
        assert all(one["lost"] == 0 for one in page.evaluate("ortc.received()").values())
    for page in pages:
        page.evaluate("ortc.leave()")


@pytest.mark.drawn(1)
@pytest.mark.parametrize(("client", "style"), [("newest", "ack"), ("2019", "events")])
def test_a_peers_life_with_screen_pause_ice_restart_and_replaced_track(
    stack: Stack, open_page: OpenPage, script: str, client: str, style: str
) -> None:
    room = f"ortc-life-{client}"
    teacher, student, late = (enter(open_page, script, room, client, style) for _ in range(3))
    teacher.evaluate("ortc.produce('VP8')")
    teacher.evaluate("ortc.share()")
    student.evaluate("ortc.produce('VP8')")
    ids = consume(late, 5)
    assert len(ids) == 5, "two pictures and a sound of one, a picture and a sound of the other"
    poll(
        late,
        "ortc.received().then((all) => Object.values(all).filter((one) => one.packets > 20).length === 5)",
    )
    watched = consume(student, 3)
    camera = teacher.evaluate("ortc.producers.get('video').id")
    assert camera in watched
    frames = f"ortc.received().then((all) => all['{camera}']?.frames ?? 0)"

    teacher.evaluate("ortc.pause('video', true)")
    poll(student, "ortc.pushed.some(([event]) => event === 'producer-paused')")
    settle(student, frames)
    teacher.evaluate("ortc.pause('video', false)")
    goes_on(student, frames)

    student.evaluate(f"ortc.pauseConsumer('{camera}', true)")
    settle(student, frames)
    goes_on(late, frames)
    student.evaluate(f"ortc.pauseConsumer('{camera}', false)")
    goes_on(student, frames)

    for page in (teacher, student):
        page.evaluate("ortc.restartIce()")
    goes_on(student, frames)
    assert teacher.evaluate("ortc.states()")[0] == student.evaluate("ortc.states()")[1] == "connected"

    teacher.evaluate("ortc.replace('video')")
    goes_on(student, frames)

    teacher.evaluate("ortc.closeProducer('screen')")
    poll(late, "ortc.pushed.some(([event]) => event === 'producer-closed')")
    poll(late, "ortc.pushed.some(([event]) => event === 'consumer-closed')")
    teacher.evaluate("ortc.leave()")
    poll(student, "ortc.pushed.some(([event]) => event === 'participant-left')")


def test_one_who_publishes_by_whip_meets_one_who_came_by_socket(
    stack: Stack, open_page: OpenPage, script: str
) -> None:
    page = enter(open_page, script, "ortc-whip")
    publisher = open_page()
    publisher.evaluate("publish", {"url": f"{stack.base}/whip/ortc-whip", "codec": "H264"})
    page.evaluate("(ids) => ortc.show(ids)", consume(page, 2))
    assert_in_order(wait_for_numbers(page, 20))


def test_the_program_and_its_recording_are_what_a_teacher_sends_by_socket(
    stack: Stack, open_page: OpenPage, script: str
) -> None:
    teacher = enter(open_page, script, "ortc-program")
    teacher.evaluate("ortc.produce('H264')")
    stack.wait_for_program("ortc-program")
    watcher = open_page()
    watcher.evaluate("watch", {"url": f"{stack.base}/whep/ortc-program"})
    assert_in_order(wait_for_numbers(watcher, 20))
    started = stack.request(
        "POST", "/api/v1/recordings/start", {"room_id": "ortc-program", "title": "Socket"}
    )
    wait_for_numbers(watcher, 50)
    stopped = stack.request("POST", f"/api/v1/recordings/{started['recording_id']}/stop")
    assert stopped["status"] in ("ready", "finalizing")


@pytest.mark.drawn(1)
@pytest.mark.parametrize(
    ("client", "style"),
    [("newest", "ack"), ("2019-data", "events"), pytest.param("2024", "ack", marks=pytest.mark.long)],
)
def test_messages_reach_everybody_in_order(
    stack: Stack, open_page: OpenPage, script: str, client: str, style: str
) -> None:
    room = f"ortc-data-{client}"
    pages = [enter(open_page, script, room, client, style, data=True) for _ in range(3)]
    for page in pages:
        page.evaluate("ortc.openChannel()")
    for page in pages:
        poll(page, "ortc.announcedData.length === 2")
        page.evaluate("ortc.joinChannels()")
    for name, page in enumerate(pages):  # all channels are open by now
        page.evaluate(f"for (let i = 0; i < 50; i++) ortc.say('{name} ' + i)")
    for name, page in enumerate(pages):
        poll(page, "ortc.messages.length === 100")
        messages = page.evaluate("ortc.messages")
        for other in {0, 1, 2} - {name}:
            assert [one for one in messages if one.startswith(f"{other} ")] == [
                f"{other} {i}" for i in range(50)
            ]


def test_groups_meet_and_part_on_the_connections_that_are_there(
    stack: Stack, open_page: OpenPage, script: str
) -> None:
    pages = [enter(open_page, COUNTING + script, "ortc-groups", data=True) for _ in range(3)]
    one, two, three = pages
    for page in pages:
        page.evaluate("ortc.produce('VP8')")
        page.evaluate("ortc.openChannel()")
    for page in pages:
        consume(page, 4)
        poll(page, "ortc.announcedData.length === 2")
        page.evaluate("ortc.joinChannels()")
    connections = [page.evaluate("connectionsMade") for page in pages]
    cameras = [page.evaluate("ortc.producers.get('video').id") for page in pages]
    ids = [page.evaluate("ortc.participantId") for page in pages]

    open_groups = (
        "(ids) => ortc.call('open-breakouts', {groups: ids.map((i) => ({name: '?', participantIds: i}))})"
    )
    one.evaluate(open_groups, [ids[:2], ids[2:]])
    poll(three, "ortc.consumers.size === 0")
    for page, other in ((one, cameras[1]), (two, cameras[0])):
        poll(page, "ortc.consumers.size === 2")
        goes_on(page, frames_of(other))
    refused = "(id) => ortc.call('consume', {producerId: id, rtpCapabilities: ortc.device.rtpCapabilities})"
    with pytest.raises(Error, match="no_such_producer"):
        three.evaluate(refused, cameras[0])
    one.evaluate("ortc.say('among us')")
    poll(two, "ortc.messages.includes('among us')")

    one.evaluate("ortc.call('close-breakouts', {})")
    for page in pages:
        consume(page, 4)
        poll(page, "ortc.consumers.size === 4")
        for camera in set(cameras) - {page.evaluate("ortc.producers.get('video').id")}:
            goes_on(page, frames_of(camera))
    for page in pages:
        page.evaluate("ortc.joinChannels()")
    one.evaluate("ortc.say('to all')")
    for page in (two, three):
        poll(page, "ortc.messages.includes('to all')")
    assert not three.evaluate("ortc.messages.includes('among us')")
    three.evaluate("(ids) => ortc.show(ids)", [cameras[0]])
    assert_in_order(wait_for_numbers(three, 20))
    assert [page.evaluate("connectionsMade") for page in pages] == connections
    assert all(page.evaluate("ortc.states()") == ["connected"] * 2 for page in pages)


def frames_of(producer_id: str) -> str:
    return f"ortc.received().then((all) => all['{producer_id}']?.frames ?? 0)"


def settle(page: Page, expression: str) -> None:
    """Until the number stays what it is for half a second."""
    for _ in range(20):
        before = page.evaluate(expression)
        page.wait_for_timeout(500)
        if page.evaluate(expression) == before:
            return
    raise AssertionError(f"never settles: {expression}")


def goes_on(page: Page, expression: str, more: int = 10) -> None:
    poll(page, f"{expression}.then((now) => now > {page.evaluate(expression) + more})")
