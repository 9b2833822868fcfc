"""What administrators are told of the server."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, Field


class MediaDoor(BaseModel):
    """Where sound and pictures come in, as clients are told."""

    protocol: str
    address: str
    port: int


class ServerState(BaseModel):
    """One process, as it is now; what it has in the database and the object store is everybody's."""

    version: str
    started_at: datetime
    draining: Annotated[bool, Field(description="New classes are not begun any more.")]
    classes: Annotated[int, Field(description="Rooms with somebody in them.")]
    checks: Annotated[dict[str, str], Field(description="As `/ready` has them: `ok`, or what is wrong.")]
    database: Annotated[str, Field(description="Its address, without what is secret in it.")]
    data_folder: str
    disk_free_bytes: int
    disk_total_bytes: Annotated[int, Field(description="0: the folder cannot be read.")]
    disk_needed_bytes: Annotated[int, Field(description="With less free nothing can be recorded.")]
    storage: Annotated[str, Field(description="Where recordings lie; empty: in the data folder.")]
    media: list[MediaDoor]
    turn: Annotated[list[str], Field(description="Relays for networks that block UDP.")]
    tls: str
    public_url: str
    mail: Annotated[str, Field(description="The mail server; empty where none is set.")]
    mails_waiting: int
    mails_failed: int
    jobs_waiting: int
    jobs_running: int
    jobs_failed: int
    last_backup_at: Annotated[
        datetime | None,
        Field(description="When `vtp admin backup` last ended on this data folder; null: never seen."),
    ]


class SettingReply(BaseModel):
    """One setting as it is in force."""

    name: str
    value: Annotated[str, Field(description="As JSON; empty for what is secret.")]
    secret: bool
    is_set: Annotated[bool, Field(description="Of what is secret: whether there is anything.")]
    origin: Annotated[str, Field(description="A file or a variable; empty: as the program has it.")]


class SettingsReply(BaseModel):
    """All settings, as the program has them in order."""

    items: list[SettingReply]
