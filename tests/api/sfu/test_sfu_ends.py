"""How what a server-side program made by the REST service ends, and that nothing of it stays."""

from __future__ import annotations

import pytest

from tests.api.sfu.material import Service, peers_of, state
from tests.api.socket_clients import School
from vtp.media.transport import WebRtcTransport
from vtp.signalling.sfu_peers import LIFETIME_S


async def test_who_neither_calls_nor_has_media_is_gone_after_a_while(service: Service) -> None:
    peers, now_s = peers_of(service.api), 1000.0
    peers.clock = lambda: now_s
    await service.join("quiet")
    await service.join("busy")
    now_s += LIFETIME_S - 1
    peers.end_abandoned()
    await service.transport("busy", "recv")
    assert state(service.api)[0][1] == ["busy", "quiet"]
    now_s += 1
    peers.end_abandoned()
    assert state(service.api)[0][1] == ["busy"]
    now_s += LIFETIME_S
    peers.end_abandoned()
    assert state(service.api)[0][1:3] == ([], []), "a transport that was never connected holds nobody"
    answer = await service.call("POST", "/rooms/algebra/transports", {"peerId": "busy", "direction": "recv"})
    assert answer.status == 404


async def test_who_has_a_connected_transport_stays_without_calling(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    peers, now_s = peers_of(service.api), 1000.0
    peers.clock = lambda: now_s
    await service.join("one")
    await service.transport("one", "recv")
    monkeypatch.setattr(WebRtcTransport, "is_up", property(lambda transport: True))
    for _ in range(3):
        now_s += LIFETIME_S
        peers.end_abandoned()
    monkeypatch.undo()
    now_s += LIFETIME_S - 1
    peers.end_abandoned()
    assert state(service.api)[0][1] == ["one"], "its time began when it was last connected"
    now_s += 1
    peers.end_abandoned()
    assert state(service.api)[0][1] == []


async def test_a_deleted_room_ends_its_peers(service: Service, school: School) -> None:
    teacher = await school.api.person("teacher")
    await school.room(teacher)
    await service.join("one")
    transport = await service.transport("one", "send")
    gone = await school.api.call("DELETE", "/api/v1/signalling/room/delete?room_id=algebra", by=teacher)
    assert gone.status == 200 and len(peers_of(service.api)) == 0
    for path in ("/peers/one/leave", f"/transports/{transport['id']}/restart-ice"):
        assert (await service.call("POST", f"/rooms/algebra{path}")).status == 404


async def test_nothing_of_ended_objects_is_kept(service: Service) -> None:
    await service.join("one")
    await service.transport("one", "send")
    for _ in range(3):
        made = await service.produce("one")
        await service.post(f"/producers/{made['id']}/close")
    (here,) = peers_of(service.api)._rooms.values()
    assert len(here.owners) == 1, "the transport alone"
