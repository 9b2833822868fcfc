"""Getting a peer and running it: its configuration, its Debian package, its process."""

import os
import sys
from pathlib import Path

import pytest

from vtp.bench import go_program
from vtp.bench.client_dtls import Fingerprint, Role
from vtp.bench.client_sdp import (
    Answer,
    AnsweredCodec,
    AnsweredMedia,
    IceCredentials,
    OfferedCodec,
    OfferedMedia,
)
from vtp.bench.peers import PEER_NAMES, debian, open_peer
from vtp.bench.peers.connect import PeerError, sent_media
from vtp.bench.peers.janus_config import write_config
from vtp.bench.peers.process import PeerProcess, PeerProcessError
from vtp.bench.sfu import Unavailable

VIDEO = OfferedMedia("video", "1", [OfferedCodec("vp8", 96, 90000, rtx_payload_type=97)], 21, 22)


def answer(*media: AnsweredMedia) -> Answer:
    ice, fingerprint = IceCredentials("u", "p"), Fingerprint("sha-256", "AA")
    return Answer(ice, [fingerprint], Role.SERVER, [("192.0.2.1", 1)], list(media))


def python(tmp_path: Path, code: str) -> PeerProcess:
    return PeerProcess([sys.executable, "-c", code], tmp_path / "log")


def test_janus_comes_in_two_variants() -> None:
    assert [(sfu.name, sfu.variant) for sfu in open_peer("janus")] == [
        ("janus", "as_shipped"),
        ("janus", "event_loops_2"),
    ]


async def test_a_peer_that_cannot_be_had_says_why_and_gives_no_figure() -> None:
    (galene,) = open_peer("galene")
    with pytest.raises(Unavailable, match="could not be had"):
        await galene.prepare()
    assert galene.pids == []


def test_an_unknown_peer_is_refused_with_the_names_there_are() -> None:
    with pytest.raises(ValueError, match=", ".join(PEER_NAMES)):
        open_peer("asterisk")


async def test_a_peer_built_in_go_is_unavailable_without_go(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr("shutil.which", lambda _: None)
    with pytest.raises(Unavailable, match="Go is not installed"):
        await go_program.build("example.org/a/server", "v1.2.3")


@pytest.mark.parametrize("code", [0, 1])
async def test_a_go_program_is_built_once_and_a_failure_is_told(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, code: int
) -> None:
    go = tmp_path / "go"
    go.write_text(f"#!/bin/sh\necho $2 is $GOBIN; [ {code} = 0 ] && touch $GOBIN/server; exit {code}\n")
    go.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    if code:
        with pytest.raises(Unavailable, match=r"failed: example.org/a/server@v1.2.3 is "):
            await go_program.build("example.org/a/server", "v1.2.3")
        return
    program = await go_program.build("example.org/a/server", "v1.2.3")
    assert program.name == "server" and go_program.built("example.org/a/server", "v1.2.3") == program
    go.unlink()
    assert await go_program.build("example.org/a/server", "v1.2.3") == program


@pytest.mark.parametrize("loops", [0, 2])
def test_event_loops_are_set_for_the_variant_that_has_them_only(tmp_path: Path, loops: int) -> None:
    write_config(tmp_path, "10.1.2.3", event_loops=loops)
    text = (tmp_path / "janus.jcfg").read_text()
    assert ("event_loops = 2" in text) is (loops == 2)
    assert 'ice_enforce_list = "10.1.2.3"' in text and "ice_lite" not in text


def test_janus_listens_for_signalling_on_every_address_of_the_namespace(tmp_path: Path) -> None:
    write_config(tmp_path, "10.1.2.3")
    assert "ws_ip" not in (tmp_path / "janus.transport.websockets.jcfg").read_text()


def test_a_publisher_sends_under_the_ssrcs_it_offered() -> None:
    codec = AnsweredCodec("vp8", 96, 90000, rtx_payload_type=97)
    other = AnsweredCodec("h264", 102, 90000)
    (sent,) = sent_media([VIDEO], answer(AnsweredMedia("video", False, "1", [other, codec], {"mid": 4})))
    assert (sent.ssrc, sent.rtx_ssrc, sent.codecs, sent.extensions) == (21, 22, [codec], {"mid": 4})


def test_without_rtx_in_the_answer_none_is_sent() -> None:
    codec = AnsweredCodec("vp8", 96, 90000)
    assert sent_media([VIDEO], answer(AnsweredMedia("video", False, "1", [codec])))[0].rtx_ssrc == 0


@pytest.mark.parametrize(
    "media",
    [
        AnsweredMedia("video", True, "1", [AnsweredCodec("vp8", 96, 90000)]),
        AnsweredMedia("video", False, "1", [AnsweredCodec("h264", 96 + 6, 90000)]),
        AnsweredMedia("video", False, "2", [AnsweredCodec("vp8", 96, 90000)]),
    ],
    ids=["refused", "another codec", "another line"],
)
def test_a_line_that_is_not_taken_is_told(media: AnsweredMedia) -> None:
    with pytest.raises(PeerError, match="does not take video as vp8"):
        sent_media([VIDEO], answer(media))


async def test_a_package_that_is_there_is_used_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    async def version(_: str) -> str:
        return "1.1.2-1"

    monkeypatch.setattr(debian, "installed_version", version)
    assert await debian.install("janus") == "1.1.2-1"


async def test_without_root_a_missing_package_is_unavailable(monkeypatch: pytest.MonkeyPatch) -> None:
    async def version(_: str) -> str:
        return ""

    monkeypatch.setattr(debian, "installed_version", version)
    monkeypatch.setattr("shutil.which", lambda _: "/usr/bin/apt-get")
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(Unavailable, match="run as root"):
        await debian.install("janus")


async def test_no_service_starts_while_a_package_is_installed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    policy = tmp_path / "policy-rc.d"
    commands: list[tuple[str, bool]] = []

    async def run(*command: str) -> tuple[int, str]:
        commands.append((" ".join(command), policy.exists() and os.access(policy, os.X_OK)))
        return (0, "installed 1.1.2-1") if command[0] == "dpkg-query" and len(commands) > 1 else (0, "")

    monkeypatch.setattr(debian, "_POLICY", policy)
    monkeypatch.setattr(debian, "_run", run)
    monkeypatch.setattr("shutil.which", lambda name: f"/usr/bin/{name}")
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert await debian.install("janus") == "1.1.2-1"
    assert [forbidden for command, forbidden in commands if "install -y" in command] == [True]
    assert ("update-rc.d janus disable", True) in commands
    assert not policy.exists()


def test_a_policy_that_the_machine_has_stays(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    policy = tmp_path / "policy-rc.d"
    policy.write_text("#!/bin/sh\nexit 0\n")
    monkeypatch.setattr(debian, "_POLICY", policy)
    with debian._no_service_starts():
        assert policy.read_text() == "#!/bin/sh\nexit 0\n"
    assert policy.exists()


async def test_a_server_that_ends_by_itself_is_reported_with_its_last_words(tmp_path: Path) -> None:
    process = python(tmp_path, "print('the port is taken'); raise SystemExit(3)")
    await process.start()
    with pytest.raises(PeerProcessError, match=r"(?s)the port is taken.*ended with code 3"):
        await process.until_listening("127.0.0.1", 1)
    await process.stop()


async def test_a_server_is_one_process_while_it_runs(tmp_path: Path) -> None:
    process = python(tmp_path, "import time; time.sleep(60)")
    assert process.pids == []
    await process.start()
    (pid,) = process.pids
    assert Path(f"/proc/{pid}").exists()
    await process.stop()
    assert process.pids == [] and not Path(f"/proc/{pid}").exists()


async def test_a_command_that_is_not_there_is_told(tmp_path: Path) -> None:
    process = PeerProcess(["no-such-server"], tmp_path / "log")
    with pytest.raises(PeerProcessError, match="no-such-server"):
        await process.start()
        await process.until_listening("127.0.0.1", 1)
    await process.stop()
