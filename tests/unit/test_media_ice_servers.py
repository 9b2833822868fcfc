"""Which STUN and TURN servers clients are told of, and the credentials that expire."""

import base64
import hashlib
import hmac

import pytest
from pydantic import ValidationError

from vtp.media.ice_servers import IceServers, make_turn_credentials
from vtp.settings import MediaSettings

URL = "turn:turn.school.example:3478?transport=udp"
SETTINGS = {"turn_urls": [URL], "turn_secret": "north", "turn_lifetime_s": 3600}


def servers(**settings: object) -> IceServers:
    return IceServers(MediaSettings.model_validate(settings), clock=lambda: 1_000_000.9)


def test_password_is_the_hmac_of_the_name_under_the_secret() -> None:
    made = make_turn_credentials("north", "t1", 1_003_600)
    assert made.username == "1003600:t1"
    expected = hmac.new(b"north", b"1003600:t1", hashlib.sha1).digest()
    assert made.password == base64.b64encode(expected).decode()


def test_credentials_end_when_their_lifetime_does() -> None:
    (server,) = servers(**SETTINGS).describe("t1")
    made = make_turn_credentials("north", "t1", 1_003_600)
    assert server == {"urls": URL, "username": made.username, "credential": made.password}


def test_stun_comes_first_and_without_credentials() -> None:
    described = servers(ice_servers=["stun:stun.example"], **SETTINGS).describe("t1")
    assert described[0] == {"urls": "stun:stun.example"} and described[1]["urls"] == URL


def test_links_carry_the_same_as_the_dictionaries() -> None:
    (server,) = servers(**SETTINGS).describe("t1")
    assert servers(**SETTINGS).links("t1") == [
        f'<{URL}>; rel="ice-server"; username="{server["username"]}"; '
        f'credential="{server["credential"]}"; credential-type="password"'
    ]


def test_nothing_configured_names_nothing() -> None:
    assert servers().describe("t1") == [] and servers().links("t1") == []


def test_secret_and_password_are_not_shown_by_repr() -> None:
    settings = MediaSettings.model_validate(SETTINGS)
    made = make_turn_credentials("north", "t1", 1)
    assert "north" not in repr(settings) and "north" not in str(settings)
    assert made.password not in repr(made)


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"ice_servers": ["turn:turn.example"]}, "media.turn_urls"),
        ({"turn_urls": ["stun:turn.example"], "turn_secret": "north"}, "takes turn: and turns: only"),
        ({"turn_urls": ["turn:turn.example"]}, "needs media.turn_secret too"),
    ],
)
def test_incomplete_settings_are_refused_with_a_sentence(settings: dict[str, object], sentence: str) -> None:
    with pytest.raises(ValidationError, match=sentence) as refused:
        MediaSettings.model_validate(settings)
    assert "north" not in refused.value.errors()[0]["msg"]
