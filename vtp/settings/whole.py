"""All settings of one process."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated
from urllib.parse import quote

from pydantic import Field, PrivateAttr
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from vtp.settings.accounts import AccountSettings
from vtp.settings.analytics import AnalyticsSettings
from vtp.settings.coursework import CourseworkSettings
from vtp.settings.http import HttpSettings
from vtp.settings.jobs import JobSettings
from vtp.settings.limits import LimitSettings
from vtp.settings.log import LogSettings
from vtp.settings.mail import MailSettings, NotificationSettings
from vtp.settings.media import MediaSettings, PlainSettings
from vtp.settings.oidc import OidcSettings
from vtp.settings.programs import SfuSettings, WebhookSettings
from vtp.settings.recording import RecordingSettings
from vtp.settings.rooms import RoomSettings, StreamingSettings
from vtp.settings.stores import DatabaseSettings, StorageSettings
from vtp.settings_values import DataDir


class _Origins:
    """Where settings come from, by their names: nothing that makes two of them others."""

    def __init__(self, of: Mapping[str, str]) -> None:
        self.of = dict(of)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Origins)

    def __hash__(self) -> int:
        return 0


class Settings(BaseSettings):
    """All settings of one vtp process; built once by `vtp.settings_loading`, never changed afterwards.

    Constructed directly (`Settings(data_dir=…)`, in tests) it reads neither files nor the environment.
    """

    model_config = SettingsConfigDict(extra="forbid", frozen=True)

    env: str = ""
    data_dir: DataDir = Path("data")
    secrets_dir: str = ""
    drain_timeout_s: Annotated[int, Field(ge=0)] = 14_400
    http: HttpSettings = HttpSettings()
    media: MediaSettings = MediaSettings()
    database: DatabaseSettings = DatabaseSettings()
    storage: StorageSettings = StorageSettings()
    jobs: JobSettings = JobSettings()
    accounts: AccountSettings = AccountSettings()
    oidc: OidcSettings = OidcSettings()
    recording: RecordingSettings = RecordingSettings()
    coursework: CourseworkSettings = CourseworkSettings()
    streaming: StreamingSettings = StreamingSettings()
    rooms: RoomSettings = RoomSettings()
    mail: MailSettings = MailSettings()
    notifications: NotificationSettings = NotificationSettings()
    analytics: AnalyticsSettings = AnalyticsSettings()
    webhooks: WebhookSettings = WebhookSettings()
    sfu: SfuSettings = SfuSettings()
    plain: PlainSettings = PlainSettings()
    log: LogSettings = LogSettings()
    limits: LimitSettings = LimitSettings()

    _origins: _Origins = PrivateAttr(default_factory=lambda: _Origins({}))

    def from_sources(self, origins: Mapping[str, str]) -> Settings:
        """The same, knowing where each comes from: a file or a variable by the setting's name."""
        self._origins = _Origins(origins)
        return self

    def origin(self, name: str) -> str:
        """Where `name`, or the section that it is in, was set; empty: nowhere."""
        while name:
            if found := self._origins.of.get(name):
                return found
            name = name.rpartition(".")[0]
        return ""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Leaves files and environment to `vtp.settings_loading`, which knows where a value came from."""
        return (init_settings,)

    def database_url(self) -> str:
        """SQLAlchemy URL of the database, the SQLite file of the data folder unless one is set."""
        return self.database.url or f"sqlite:///{quote(str(self.data_dir.absolute() / 'vtp.sqlite3'))}"

    def secrets_folder(self) -> Path:
        """Where the keys are that all processes on a database share, in the data folder unless one is set."""
        return Path(self.secrets_dir) if self.secrets_dir else self.data_dir / "secrets"

    def streams_folder(self) -> Path:
        """Where the newest minutes of streamed classes lie, in the data folder unless another is set."""
        return Path(self.streaming.folder) if self.streaming.folder else self.data_dir / "streams"

    def storage_url(self) -> str:
        """URL of the folder that recordings are written to, that of the data folder unless another is set."""
        own = (self.data_dir.absolute() / "recordings").as_uri()
        return own if self.storage.is_remote else self.storage.url or own
