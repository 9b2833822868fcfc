"""obstore's clients as the settings say: one at a time, made anew when its credentials' file has changed."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from vtp.errors import StartupError
from vtp.storage.credentials import Credentials, WatchedFile, read_credentials
from vtp.storage_address import StorageAddress

if TYPE_CHECKING:
    from obstore.store import AzureStore, GCSStore, S3Store

    from vtp.settings import StorageSettings

logger = logging.getLogger(__name__)

# What waits for the store is a person with a player, or a job that will try again by itself.
CONNECT_TIMEOUT = timedelta(seconds=3)
TIMEOUT = timedelta(seconds=60)
RETRIES = 2
RETRY_TIMEOUT = timedelta(seconds=8)
DEFAULT_REGION = "us-east-1"
_NO_OBJECT = ("NoSuchKey", "BlobNotFound")


class Clients:
    """`current()` before each use. Made in a thread: it reads files. Raises StartupError with a sentence."""

    def __init__(self, address: StorageAddress, settings: StorageSettings) -> None:
        self._address = address
        self._settings = settings
        self._certificate = _read_certificate(settings.ca_file)
        path = Path(settings.credentials_file) if settings.credentials_file else None
        self._file = WatchedFile(path) if path else None
        try:
            self._client = self._make()
        except OSError as error:
            raise StartupError(
                f"The setting storage.credentials_file names {path}, which cannot be read "
                f"({error.strerror}): correct it and start again."
            ) from error
        except ValueError as error:
            raise StartupError(
                f"The object store {address} cannot be used: {_first_line(error)}; correct the settings "
                "storage.* and start again."
            ) from error

    def current(self) -> S3Store | AzureStore | GCSStore:
        """The client with the newest credentials; a file that cannot be read leaves those of before."""
        if self._file is not None and self._file.has_changed():
            try:
                self._client = self._make()
                logger.info("The credentials of %s have changed and are used from now on.", self._address)
            except (OSError, ValueError) as error:
                logger.warning("The new credentials of %s cannot be used: %s", self._address, error)
        return self._client

    def says_missing(self, error: FileNotFoundError) -> bool:
        """Nothing less than its word for it: a 404 may also mean that the store does not know us."""
        return any(word in str(error) for word in _NO_OBJECT)

    def _make(self) -> S3Store | AzureStore | GCSStore:
        from obstore.exceptions import BaseError

        make: Callable[[], Any] = {"s3": self._s3, "az": self._azure, "gs": self._google}[
            self._address.scheme
        ]
        try:
            client: S3Store | AzureStore | GCSStore = make()
        except BaseError as error:
            raise ValueError(_first_line(error)) from error
        return client

    def _s3(self) -> S3Store:
        from obstore.store import S3Store

        settings = self._settings
        config: dict[str, Any] = {"virtual_hosted_style_request": not settings.path_style}
        if settings.region or settings.endpoint:
            config["region"] = settings.region or DEFAULT_REGION
        if settings.endpoint:
            config["endpoint"] = settings.endpoint if settings.path_style else self._own_host()
        keys = self._keys()
        if keys is not None:
            config |= {"access_key_id": keys.access_key_id, "secret_access_key": keys.secret_access_key}
            config |= {"session_token": keys.session_token} if keys.session_token else {}
        return S3Store(self._address.bucket, **self._common(config))

    def _azure(self) -> AzureStore:
        from obstore.store import AzureStore

        config: dict[str, Any] = {}
        if self._settings.endpoint:
            config["endpoint"] = self._settings.endpoint
        keys = self._keys()
        if keys is not None:
            config |= {"account_name": keys.access_key_id, "account_key": keys.secret_access_key}
        return AzureStore(self._address.bucket, **self._common(config))

    def _google(self) -> GCSStore:
        from obstore.store import GCSStore

        config: dict[str, Any] = {}
        if self._settings.endpoint:
            config["base_url"] = self._settings.endpoint
        if self._file is not None:
            config["service_account_key"] = self._file.path.read_text(encoding="utf-8")
        return GCSStore(self._address.bucket, **self._common(config))

    def _common(self, config: dict[str, Any]) -> dict[str, Any]:
        options: dict[str, Any] = {
            "connect_timeout": CONNECT_TIMEOUT,
            "timeout": TIMEOUT,
            "allow_http": self._settings.endpoint.startswith("http://"),
        }
        if self._certificate:
            options["root_certificate"] = self._certificate
        return {
            "prefix": self._address.prefix or None,
            "config": config,
            "client_options": options,
            "retry_config": {"max_retries": RETRIES, "retry_timeout": RETRY_TIMEOUT},
        }

    def _keys(self) -> Credentials | None:
        """Ours to give, or None: then the provider of the machine is asked."""
        if self._file is not None:
            return read_credentials(self._file.path)
        settings = self._settings
        if not settings.access_key_id:
            return None
        return Credentials(
            settings.access_key_id,
            settings.secret_access_key.get_secret_value(),
            settings.session_token.get_secret_value(),
        )

    def _own_host(self) -> str:
        """The endpoint of a bucket that has a host name of its own."""
        parts = urlsplit(self._settings.endpoint)
        return f"{parts.scheme}://{self._address.bucket}.{parts.netloc}"


def _read_certificate(ca_file: str) -> bytes:
    """PEM, or nothing. Raises StartupError."""
    if not ca_file:
        return b""
    try:
        found = Path(ca_file).read_bytes()
    except OSError as error:
        raise StartupError(
            f"The setting storage.ca_file names {ca_file}, which cannot be read ({error.strerror}): correct "
            "it and start again."
        ) from error
    if b"-----BEGIN CERTIFICATE-----" not in found:
        raise StartupError(
            f"The setting storage.ca_file names {ca_file}, in which there is no certificate in PEM: correct "
            "it and start again."
        )
    return found


def _first_line(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(". ")
