"""Sealed columns: only the server's own key reads them; key files are made once and never half-written."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from vtp.errors import StartupError
from vtp.key_files import open_key
from vtp.sealing import FILE, Sealer, add_key, open_sealer

KEY = bytes(range(32))


def test_a_sealed_text_comes_back_and_differs_each_time() -> None:
    sealer = Sealer(KEY)
    one, other = sealer.seal("JBSWY3DPEHPK3PXP"), sealer.seal("JBSWY3DPEHPK3PXP")
    assert one != other and "JBSW" not in one
    assert sealer.unseal(one) == sealer.unseal(other) == "JBSWY3DPEHPK3PXP"


@pytest.mark.parametrize("position", [0, 10, 40, -1])
def test_a_changed_text_is_refused(position: int) -> None:
    sealed = bytearray(Sealer(KEY).seal("a link").encode())
    sealed[position] ^= 1
    with pytest.raises(ValueError, match="another key"):
        Sealer(KEY).unseal(sealed.decode("latin-1"))


def test_a_text_of_no_known_version_is_refused() -> None:
    sealed = Sealer(KEY).seal("a link")
    assert sealed.startswith("v1:")
    for other in (sealed.removeprefix("v1:"), sealed.replace("v1:", "v2:"), "", "v1:"):
        with pytest.raises(ValueError, match="another key"):
            Sealer(KEY).unseal(other)


def test_another_key_reads_nothing_and_digests_otherwise() -> None:
    ours, theirs = Sealer(KEY), Sealer(bytes(32))
    with pytest.raises(ValueError, match="another key"):
        theirs.unseal(ours.seal("x"))
    assert ours.digest("codes", "1") != theirs.digest("codes", "1")
    assert ours.digest("codes", "1") != ours.digest("devices", "1")
    assert ours.digest("codes", "1") == Sealer(KEY).digest("codes", "1")


def test_a_key_is_made_once_for_who_owns_the_folder_alone(tmp_path: Path) -> None:
    with ThreadPoolExecutor(16) as pool:
        keys = set(
            pool.map(lambda _: open_key(tmp_path / "secrets", "k", if_deleted="nothing is lost"), range(16))
        )
    assert len(keys) == 1
    assert [file.name for file in (tmp_path / "secrets").iterdir()] == ["k"]
    assert (tmp_path / "secrets" / "k").stat().st_mode & 0o777 == 0o600


def test_a_damaged_key_is_told_with_what_deleting_it_costs(tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(b"short")
    with pytest.raises(StartupError, match="delete it, and everybody sets up their second factor again"):
        open_sealer(tmp_path)


def test_a_later_key_seals_from_now_on_and_all_keys_read(tmp_path: Path) -> None:
    before = open_sealer(tmp_path)
    old = before.seal("JBSWY3DPEHPK3PXP")
    assert add_key(tmp_path) == 2
    after = open_sealer(tmp_path)
    new = after.seal("JBSWY3DPEHPK3PXP")
    assert (before.newest, after.newest) == (1, 2)
    assert old.startswith("v1:") and new.startswith(after.head) and after.head == "v2:2:"
    assert after.unseal(old) == after.unseal(new) == "JBSWY3DPEHPK3PXP"
    assert before.unseal(new) == "JBSWY3DPEHPK3PXP", "a process that runs finds the key"
    assert before.newest == 2
    assert before.digest("codes", "1") == after.digest("codes", "1"), "digests cannot be made again"
    assert add_key(tmp_path) == 3


def test_a_text_of_a_key_that_is_not_here_is_refused(tmp_path: Path) -> None:
    here, there = open_sealer(tmp_path / "here"), tmp_path / "there"
    open_sealer(there)
    add_key(there)
    sealed = open_sealer(there).seal("a link")
    for text in (
        sealed,
        sealed.replace("v2:2:", "v2:3:"),
        sealed.replace("v2:2:", "v1:"),
        "v2:x:",
        "v2:0:AAAA",
    ):
        with pytest.raises(ValueError, match="another key"):
            here.unseal(text)
