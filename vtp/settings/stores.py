"""Where rows and files live."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, SecretStr, model_validator

from vtp.settings.section import Section
from vtp.settings_values import Endpoint, StorageUrl
from vtp.storage_address import FILE, parse_storage_address


class DatabaseSettings(Section):
    """Where rows live; empty means SQLite in the data folder."""

    url: str = ""


class StorageSettings(Section):
    """Where recordings live; empty means files in the data folder."""

    url: StorageUrl = ""
    endpoint: Endpoint = ""
    region: str = ""
    access_key_id: str = ""
    secret_access_key: SecretStr = SecretStr("")
    session_token: SecretStr = SecretStr("")
    credentials_file: str = ""
    path_style: bool = True
    ca_file: str = ""
    keep_local_hours: Annotated[float, Field(ge=0, le=87_600)] = 24
    cache_bytes: Annotated[int, Field(ge=0)] = 1_073_741_824

    @property
    def is_remote(self) -> bool:
        """Whether recordings go to an object store."""
        return parse_storage_address(self.url).is_remote

    @model_validator(mode="after")
    def _belongs_together(self) -> Self:
        scheme = parse_storage_address(self.url).scheme
        secret = self.secret_access_key.get_secret_value()
        if bool(self.access_key_id) != bool(secret):
            raise ValueError("storage.access_key_id and storage.secret_access_key come in a pair")
        if self.access_key_id and self.credentials_file:
            raise ValueError("set storage.access_key_id or storage.credentials_file, not both")
        if self.session_token.get_secret_value() and not self.access_key_id:
            raise ValueError("storage.session_token belongs to storage.access_key_id")
        if scheme == FILE and (self.endpoint or self.access_key_id or self.credentials_file):
            raise ValueError(
                "an endpoint and credentials need storage.url to name a bucket: s3://bucket/prefix"
            )
        if scheme == "gs" and self.access_key_id:
            raise ValueError("Google's keys are a JSON file: name it in storage.credentials_file")
        return self
