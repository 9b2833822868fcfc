"""What `storage.url` and the settings beside it may say, and the sentences for what they may not."""

from __future__ import annotations

from pathlib import Path

import pytest
from obstore.store import S3Store

from vtp.errors import StartupError
from vtp.settings import StorageSettings
from vtp.settings_loading import load_settings
from vtp.storage import RemoteStore
from vtp.storage.clients import Clients
from vtp.storage.credentials import Credentials, WatchedFile, read_credentials
from vtp.storage_address import StorageAddress, parse_storage_address

S3 = {"VTP_STORAGE__URL": "s3://school/vtp"}


def refusal(settings: dict[str, str]) -> str:
    with pytest.raises(StartupError) as caught:
        load_settings(settings)
    return str(caught.value)


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("", StorageAddress("file")),
        ("file:///srv/recordings", StorageAddress("file")),
        ("s3://school", StorageAddress("s3", "school")),
        ("s3://school/some/where/", StorageAddress("s3", "school", "some/where")),
        ("az://container/vtp", StorageAddress("az", "container", "vtp")),
        ("gs://bucket.school.example", StorageAddress("gs", "bucket.school.example")),
    ],
)
def test_address_is_a_folder_or_a_bucket_with_a_prefix(url: str, address: StorageAddress) -> None:
    assert parse_storage_address(url) == address


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"VTP_STORAGE__URL": "ftp://school/x"}, "write file:///path/to/folder, s3://bucket/prefix"),
        ({"VTP_STORAGE__URL": "file://elsewhere/x"}, "write file:///path/to/folder"),
        ({"VTP_STORAGE__URL": "s3://key:secret@school/x"}, "storage.access_key_id"),
        ({"VTP_STORAGE__URL": "s3:///x"}, "name the bucket"),
        ({"VTP_STORAGE__URL": "s3://school/../x"}, "a prefix has no empty parts"),
        ({**S3, "VTP_STORAGE__ENDPOINT": "minio:9000"}, "write the address of the object store"),
        ({**S3, "VTP_STORAGE__ACCESS_KEY_ID": "key"}, "come in a pair"),
        ({"VTP_STORAGE__ENDPOINT": "https://s3.example"}, "need storage.url to name a bucket"),
        ({"VTP_JOBS__URL": "http://redis"}, "write redis://host:6379/0"),
        ({"VTP_JOBS__CONCURRENCY": "0"}, "jobs.concurrency"),
    ],
)
def test_wrong_settings_are_told_by_a_sentence(settings: dict[str, str], sentence: str) -> None:
    assert sentence in refusal(settings)


def test_secret_is_in_no_sentence() -> None:
    assert "hush" not in refusal({**S3, "VTP_STORAGE__SECRET_ACCESS_KEY": "hush"})


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        ({"credentials_file": "/nowhere/keys"}, "storage.credentials_file names /nowhere/keys"),
        ({"ca_file": "/nowhere/ca.pem"}, "storage.ca_file names /nowhere/ca.pem"),
        ({"ca_file": __file__}, "no certificate in PEM"),
        ({"credentials_file": __file__}, "is not a file of lines such as aws_access_key_id"),
    ],
)
def test_files_that_cannot_be_used_stop_the_start_with_a_sentence(
    more: dict[str, str], sentence: str
) -> None:
    with pytest.raises(StartupError, match=sentence):
        RemoteStore.open(StorageSettings(url="s3://school", **more))  # type: ignore[arg-type]


@pytest.mark.parametrize("url", ["s3://school/vtp", "az://school/vtp", "gs://school/vtp"])
def test_each_kind_of_store_opens_without_being_asked(url: str, tmp_path: Path) -> None:
    keys: dict[str, str] = {}
    if url.startswith("gs"):
        file = tmp_path / "account.json"
        file.write_text(
            '{"private_key": "none", "private_key_id": "1", "client_email": "a@b", "disable_oauth": true}'
        )
        keys["credentials_file"] = str(file)
    else:
        keys |= {"access_key_id": "account", "secret_access_key": "c2VjcmV0"}
    assert RemoteStore.open(StorageSettings(url=url, **keys)).url == url  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "text",
    [
        "[default]\naws_access_key_id = id\naws_secret_access_key = a=b%\naws_session_token = t\n",
        "access_key_id = id\nsecret_access_key = a=b%\nsession_token = t",
        "# renewed\n[vault]\naccess_key_id: id\nsecret_access_key: a=b%\nsession_token: t\n",
    ],
)
def test_credentials_are_read_in_each_usual_form(tmp_path: Path, text: str) -> None:
    file = tmp_path / "credentials"
    file.write_text(text)
    assert read_credentials(file) == Credentials("id", "a=b%", "t")


def test_watched_file_changes_once_and_not_by_being_away(tmp_path: Path) -> None:
    file = tmp_path / "credentials"
    file.write_text("one")
    watched = WatchedFile(file)
    assert not watched.has_changed()
    file.unlink()
    assert not watched.has_changed()
    file.write_text("another")
    assert watched.has_changed() and not watched.has_changed()


def test_client_has_renewed_credentials_and_keeps_the_old_ones_where_the_new_are_none(tmp_path: Path) -> None:
    file = tmp_path / "credentials"
    file.write_text("aws_access_key_id = first\naws_secret_access_key = one\n")
    address = parse_storage_address("s3://school/vtp")
    clients = Clients(address, StorageSettings(url=str(address), credentials_file=str(file)))
    first = clients.current()
    assert clients.current() is first and isinstance(first, S3Store)
    file.write_text("being written")
    assert clients.current() is first
    file.write_text("aws_access_key_id = second\naws_secret_access_key = another\n")
    second = clients.current()
    assert isinstance(second, S3Store) and second.config["access_key_id"] == "second"
