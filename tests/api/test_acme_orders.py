"""Certificates ordered from Pebble: real validation of real ports; time is an argument."""

from __future__ import annotations

import datetime as dt
import json
import logging
import stat
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.api.acme_ports import NAME, Ports, open_ports, wish_for
from tests.pebble import Pebble, place_pebble, running, why_not
from vtp.http.acme.wish import HTTP, TLS_ALPN

NOW = dt.datetime.now(dt.UTC)
MINUTE, DAY = dt.timedelta(minutes=1), dt.timedelta(days=1)
SPARE = "spare.example"


@pytest.fixture(autouse=True)
def built() -> None:
    if reason := why_not():
        pytest.skip(reason)


@pytest.fixture
def placed(tmp_path: Path) -> Pebble:
    return place_pebble(tmp_path / "pebble", NAME, SPARE)


@pytest.fixture
async def pebble(placed: Pebble) -> AsyncIterator[Pebble]:
    async with running(placed):
        yield placed


@pytest.fixture
async def ports(placed: Pebble, tmp_path: Path) -> AsyncIterator[Ports]:
    async with open_ports(tmp_path / "data", placed.http_port, placed.tls_port) as opened:
        yield opened


@pytest.mark.parametrize("kind", [TLS_ALPN, HTTP])
async def test_each_challenge_brings_a_certificate_that_the_running_port_shows(
    kind: str, pebble: Pebble, ports: Ports
) -> None:
    assert ports.tls.files.self_made
    next_at = await ports.keeper(wish_for(pebble, challenges=[kind])).step(NOW)
    shown = await ports.shown(await pebble.trust())
    assert shown.not_valid_after_utc - NOW > 89 * DAY
    assert not ports.tls.files.self_made and ports.tls.expires_at == shown.not_valid_after_utc
    assert NOW < next_at <= NOW + 6 * 60 * MINUTE + MINUTE
    assert ports.state.challenge == kind and ports.state.failures == 0
    assert ports.challenges.tokens == {}


async def test_one_certificate_is_for_all_names(pebble: Pebble, ports: Ports) -> None:
    await ports.keeper(wish_for(pebble, [NAME, SPARE])).step(NOW)
    trust = await pebble.trust()
    assert await ports.shown(trust, NAME) == await ports.shown(trust, SPARE)


async def test_what_is_kept_is_for_the_owner_only(pebble: Pebble, ports: Ports) -> None:
    await ports.keeper(wish_for(pebble)).step(NOW)
    kept = list(ports.folder.path.iterdir())
    assert len(kept) == 3
    assert {stat.S_IMODE(one.stat().st_mode) for one in kept} == {0o600}
    assert stat.S_IMODE(ports.folder.path.stat().st_mode) == 0o700


async def test_a_certificate_is_renewed_with_a_third_of_its_life_left(pebble: Pebble, ports: Ports) -> None:
    keeper = ports.keeper(wish_for(pebble))
    await keeper.step(NOW)
    first = await ports.shown()
    await keeper.step(NOW + 58 * DAY)
    assert await ports.shown() == first
    await keeper.step(NOW + 63 * DAY)
    second = await ports.shown(await pebble.trust())
    assert second.serial_number != first.serial_number
    assert second.public_key() != first.public_key()


async def test_an_authority_that_suggests_it_gets_its_renewal_at_once(pebble: Pebble, ports: Ports) -> None:
    keeper = ports.keeper(wish_for(pebble))
    await keeper.step(NOW)
    first = await ports.shown()
    chain = ports.folder.read_certificate()
    assert chain is not None
    past = {"start": (NOW - 2 * DAY).isoformat(), "end": (NOW - DAY).isoformat()}
    suggestion = {"suggestedWindow": past, "explanationURL": "https://authority.example/incident"}
    wanted = {"certificate": chain.chain_pem.decode(), "ariResponse": json.dumps(suggestion)}
    await pebble.manage("POST", "/set-renewal-info/", json=wanted)
    await keeper.step(NOW + DAY)
    assert (await ports.shown(await pebble.trust())).serial_number != first.serial_number


async def test_a_restart_orders_nothing_while_the_certificate_is_good(pebble: Pebble, ports: Ports) -> None:
    await ports.keeper(wish_for(pebble)).step(NOW)
    first = await ports.shown()
    again = ports.keeper(wish_for(pebble))
    await again.step(NOW + MINUTE)
    assert again.numbers()["orders"] == 0
    assert await ports.shown() == first


async def test_another_name_is_ordered_at_once(pebble: Pebble, ports: Ports) -> None:
    await ports.keeper(wish_for(pebble)).step(NOW)
    await ports.keeper(wish_for(pebble, [NAME, SPARE])).step(NOW)
    await ports.shown(await pebble.trust(), SPARE)


async def test_a_name_that_leads_nowhere_is_said_and_the_self_made_certificate_stays(
    pebble: Pebble, ports: Ports, caplog: pytest.LogCaptureFixture
) -> None:
    before = await ports.shown()
    keeper = ports.keeper(wish_for(pebble, ["wrong.example"]))
    next_at = await keeper.step(NOW)
    assert next_at == NOW + 5 * MINUTE
    [told] = [one for one in caplog.records if one.levelno >= logging.WARNING]
    assert "wrong.example was not validated by tls-alpn-01" in told.message
    assert "self-made certificate serves" in told.message and "next try is at" in told.message
    assert await ports.shown() == before
    assert ports.tls.files.self_made
    assert keeper.numbers()["failures_in_a_row"] == 1


async def test_after_a_failure_a_restart_waits_and_other_settings_do_not(
    pebble: Pebble, ports: Ports, caplog: pytest.LogCaptureFixture
) -> None:
    wrong = wish_for(pebble, ["wrong.example"])
    next_at = await ports.keeper(wrong).step(NOW)
    again = ports.keeper(wrong)
    assert await again.step(NOW + MINUTE) == next_at
    assert again.numbers()["orders"] == 0
    assert f"remove {ports.folder.state_file} and start again" in caplog.text
    await ports.keeper(wish_for(pebble)).step(NOW + MINUTE)
    await ports.shown(await pebble.trust())


async def test_each_failure_in_a_row_doubles_the_wait(pebble: Pebble, ports: Ports) -> None:
    keeper = ports.keeper(wish_for(pebble, ["wrong.example"]))
    at = NOW
    for minutes in (5, 10, 20):
        next_at = await keeper.step(at)
        assert next_at - at == minutes * MINUTE
        at = next_at


async def test_where_one_challenge_fails_the_other_is_tried_next_and_remembered(
    placed: Pebble, tmp_path: Path
) -> None:
    """As behind a proxy that ends TLS itself and passes plain HTTP on."""
    real_tls_port, placed.tls_port = placed.tls_port, placed.management_port
    async with running(placed), open_ports(tmp_path / "data", placed.http_port, real_tls_port) as ports:
        keeper = ports.keeper(wish_for(placed))
        next_at = await keeper.step(NOW)
        assert ports.state.failures == 1
        await keeper.step(next_at)
        await ports.shown(await placed.trust())
        assert ports.state.challenge == HTTP
        await keeper.step(NOW + 80 * DAY)
        assert ports.state.failures == 0


async def test_an_authority_that_is_down_is_asked_again(
    placed: Pebble, ports: Ports, caplog: pytest.LogCaptureFixture
) -> None:
    keeper = ports.keeper(wish_for(placed))
    next_at = await keeper.step(NOW)
    assert next_at == NOW + MINUTE
    assert f"localhost:{placed.port} cannot be reached ([Errno 111] Connection refused)" in caplog.text
    async with running(placed):
        await keeper.step(next_at)
        await ports.shown(await placed.trust())


async def test_an_authority_that_nobody_vouches_for_is_told_nothing(
    pebble: Pebble, ports: Ports, caplog: pytest.LogCaptureFixture
) -> None:
    (pebble.folder / "other").mkdir()
    other = place_pebble(pebble.folder / "other")
    pebble_seen_by_others = Pebble(
        other.folder, pebble.http_port, pebble.tls_port, pebble.port, pebble.management_port
    )
    await ports.keeper(wish_for(pebble_seen_by_others)).step(NOW)
    assert "cannot be reached (certificate verify failed" in caplog.text
    assert not ports.folder.account_file(pebble.directory).exists()


async def test_nonces_refused_again_and_again_do_not_fail_an_order(placed: Pebble, ports: Ports) -> None:
    """Half of them: with one more try a call, as the package has it, one order in 20 would come through."""
    async with running(placed, environment={"PEBBLE_WFE_NONCEREJECT": "50"}):
        await ports.keeper(wish_for(placed)).step(NOW)
        await ports.shown(await placed.trust())


async def test_a_damaged_account_is_put_aside_and_made_anew(
    pebble: Pebble, ports: Ports, caplog: pytest.LogCaptureFixture
) -> None:
    keeper = ports.keeper(wish_for(pebble))
    await keeper.step(NOW)
    file = ports.folder.account_file(pebble.directory)
    first = json.loads(file.read_text())
    file.write_bytes(file.read_bytes()[:100])
    await keeper.step(NOW + 80 * DAY)
    await ports.shown(await pebble.trust())
    assert json.loads(file.read_text())["uri"] != first["uri"]
    assert file.with_suffix(".damaged").read_bytes() in json.dumps(first).encode()
    assert "is damaged" in caplog.text and "a new account is made" in caplog.text


async def test_an_authority_that_forgot_the_account_gets_it_again(
    placed: Pebble, ports: Ports, caplog: pytest.LogCaptureFixture
) -> None:
    keeper = ports.keeper(wish_for(placed))
    async with running(placed):
        await keeper.step(NOW)
    async with running(placed):
        await keeper.step(NOW + 80 * DAY)
        await ports.shown(await placed.trust())
    assert "knows our account no more" in caplog.text


async def test_a_known_key_finds_its_account_again(pebble: Pebble, ports: Ports) -> None:
    keeper = ports.keeper(wish_for(pebble))
    await keeper.step(NOW)
    file = ports.folder.account_file(pebble.directory)
    first = json.loads(file.read_text())
    file.write_text(json.dumps(first | {"uri": ""}))
    await keeper.step(NOW + 80 * DAY)
    assert json.loads(file.read_text()) == first


EAB = ("school-1", "zWNDZM6eQGHWpSRTPal5eIUYFTu7EajVIoguysqZ9wG44nMEtx3MUAsUDkMTQ12W")


@pytest.mark.parametrize("eab", [EAB, None, (EAB[0], "AAAA" + EAB[1][4:])])
async def test_an_authority_for_customers_wants_their_key(
    eab: tuple[str, str] | None, placed: Pebble, ports: Ports, caplog: pytest.LogCaptureFixture
) -> None:
    options = {"externalAccountBindingRequired": True, "externalAccountMACKeys": dict([EAB])}
    async with running(placed, options=options):
        await ports.keeper(wish_for(placed, eab=eab)).step(NOW)
        assert ports.tls.files.self_made == (eab != EAB)
    if eab is None:
        assert "set http.acme_eab_kid and http.acme_eab_key" in caplog.text


async def test_a_damaged_certificate_is_ordered_anew(pebble: Pebble, ports: Ports) -> None:
    keeper = ports.keeper(wish_for(pebble))
    await keeper.step(NOW)
    ports.folder.certificate_file.write_text("nonsense")
    await keeper.step(NOW + MINUTE)
    await ports.shown(await pebble.trust())


async def test_a_folder_that_cannot_be_written_is_said_and_tried_again(
    pebble: Pebble, ports: Ports, caplog: pytest.LogCaptureFixture
) -> None:
    ports.folder.path.write_text("a file where the folder should be")
    next_at = await ports.keeper(wish_for(pebble)).step(NOW)
    assert next_at > NOW
    assert "make it writable" in caplog.text
