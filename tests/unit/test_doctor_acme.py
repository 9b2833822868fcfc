"""What `vtp doctor` says of the certificate that a server orders."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from pathlib import Path

import pytest

from vtp.doctor.acme import examine
from vtp.doctor.finding import State
from vtp.http.acme.folder import AcmeFolder, OrderState
from vtp.http.acme.wish import wish_of
from vtp.http.tls import make_certificate
from vtp.settings import HttpSettings, Settings

NOW = dt.datetime.now(dt.UTC)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    http = HttpSettings(tls="acme", public_url="https://school.example", acme_agree=True)
    return Settings(data_dir=tmp_path, http=http)


@pytest.fixture
def failed(settings: Settings) -> OrderState:
    state = OrderState(wish_of(settings.http).mark, failures=2, next_at=NOW, error="No such name.")
    folder(settings).write_state(state)
    return state


def folder(settings: Settings) -> AcmeFolder:
    return AcmeFolder(settings.data_dir / "acme")


def store(settings: Settings, name: str = "school.example") -> None:
    certificate, key = make_certificate([name], NOW)
    folder(settings).write_certificate(key, certificate)


def test_before_the_first_order_both_ways_are_named(settings: Settings) -> None:
    finding = examine(settings, NOW)
    assert finding.state is State.NOTE
    assert "port 443 of school.example reach port 8443" in finding.cure
    assert "port 80 of school.example reach port 8080" in finding.cure


def test_a_good_certificate_is_good_and_its_renewal_told(settings: Settings) -> None:
    store(settings)
    finding = examine(settings, NOW)
    assert finding.state is State.GOOD
    assert "acme-v02.api.letsencrypt.org certified school.example until" in finding.meaning


@pytest.mark.parametrize("name", ["", "other.example"])
def test_a_failure_without_a_good_certificate_is_wrong(
    name: str, settings: Settings, failed: OrderState
) -> None:
    if name:
        store(settings, name)
    finding = examine(settings, NOW)
    assert finding.state is State.WRONG
    assert "2 orders in a row: No such name. The next try is at" in finding.meaning
    assert "remove acme/state.json" in finding.cure


def test_a_failure_with_time_left_is_worth_knowing(settings: Settings, failed: OrderState) -> None:
    store(settings)
    assert examine(settings, NOW).state is State.NOTE
    assert examine(settings, NOW + dt.timedelta(days=815)).state is State.WRONG


def test_a_failure_under_other_settings_is_over(settings: Settings, failed: OrderState) -> None:
    folder(settings).write_state(replace(failed, mark="of other settings"))
    store(settings)
    assert examine(settings, NOW).state is State.GOOD
