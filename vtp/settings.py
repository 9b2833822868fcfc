"""Typed settings: built-in defaults < config/default.toml < config/$VTP_ENV.toml < VTP_* environment.

Sections nest with `__` in the environment: `VTP_HTTP__PORT=9000`. Unknown keys are refused with their path
and the place they came from. What each key means is explained in config/default.toml, whose values equal the
defaults here (a test compares them).
"""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import quote, urlsplit

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    field_validator,
    model_validator,
)
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from vtp.idn import to_ascii
from vtp.settings_values import (
    HERE,
    AllowedHosts,
    BufferBytes,
    Count,
    DataDir,
    Directory,
    Endpoint,
    HmacKey,
    HostNames,
    IpAddress,
    Issuer,
    LrsUrl,
    MailDomains,
    Networks,
    OriginList,
    Port,
    PortRange,
    PublicUrl,
    QueueUrl,
    Sender,
    StorageUrl,
    Strings,
    TimeZone,
    host_name,
    split_list,
)
from vtp.storage_address import FILE, parse_storage_address

LETS_ENCRYPT = "https://acme-v02.api.letsencrypt.org/directory"


class Section(BaseModel):
    """Base of the sections: unknown keys refused, nothing changes after start."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class HttpSettings(Section):
    """Where HTTP listens and whom it trusts."""

    host: str = "0.0.0.0"
    port: Port = 8080
    tls: Literal["auto", "files", "acme", "off"] = "auto"
    tls_port: Port = 8443
    tls_cert: str = ""
    tls_key: str = ""
    acme_agree: bool = False
    acme_names: HostNames = []
    acme_mail: str = ""
    acme_directory: Directory = LETS_ENCRYPT
    acme_challenge: Literal["auto", "tls-alpn-01", "http-01"] = "auto"
    acme_ca_file: str = ""
    acme_eab_kid: str = ""
    acme_eab_key: HmacKey = SecretStr("")
    trusted_proxies: Networks = []
    public_url: PublicUrl = ""
    cors_origins: OriginList = []
    metrics_from: Networks = ["127.0.0.0/8", "::1/128"]
    max_body_bytes: Count = 1_048_576
    request_timeout_s: Annotated[float, Field(gt=0)] = 30.0

    @model_validator(mode="after")
    def _files_are_named(self) -> Self:
        if self.tls == "files" and not (self.tls_cert and self.tls_key):
            raise ValueError('tls = "files" needs both http.tls_cert and http.tls_key')
        return self

    @model_validator(mode="after")
    def _acme_is_complete(self) -> Self:
        if self.tls != "acme":
            return self
        if not self.acme_hosts:
            raise ValueError(
                'tls = "acme" needs the name that people use: set http.public_url, such as '
                "https://school.example"
            )
        for name in self.acme_hosts:
            try:
                host_name(name)
            except ValueError as error:
                raise ValueError(
                    f'tls = "acme" gets no certificate for {name}: set http.public_url to a name in DNS, as '
                    "https://school.example"
                ) from error
        if not self.acme_agree:
            raise ValueError(
                'tls = "acme" orders certificates in your name: read the terms of the authority '
                "(Let's Encrypt: https://letsencrypt.org/repository/) and set http.acme_agree = true"
            )
        if bool(self.acme_eab_kid) != bool(self.acme_eab_key.get_secret_value()):
            raise ValueError("http.acme_eab_kid and http.acme_eab_key come in a pair, from the authority")
        return self

    @property
    def acme_hosts(self) -> list[str]:
        """The names of the certificate that `tls = "acme"` orders, as in DNS; that of `public_url` first."""
        host = urlsplit(self.public_url).hostname or ""
        with contextlib.suppress(ValueError):
            host = to_ascii(host)
        return list(dict.fromkeys(name for name in [host, *self.acme_names] if name))


class MediaSettings(Section):
    """The packet path: its socket, its threads, its memory."""

    host: str = ""
    udp_port: Port = 40000
    announced_addresses: Strings = []
    ice_servers: Strings = []
    turn_urls: Strings = []
    turn_secret: SecretStr = SecretStr("")
    turn_lifetime_s: Annotated[int, Field(ge=600, le=604_800)] = 43_200
    tcp: bool = True
    tcp_connections_per_address: Annotated[int, Field(ge=1, le=16_384)] = 256
    workers: Annotated[int, Field(ge=0, le=64)] = 1
    threads: Annotated[int, Field(ge=0, le=64)] = 1
    room_spill: Annotated[float, Field(gt=0)] = 0.6
    cpus: Annotated[list[Annotated[int, Field(ge=0)]], BeforeValidator(split_list)] = []
    priority: Literal["high", "normal"] = "high"
    receive_buffer_bytes: BufferBytes = 8_388_608
    send_buffer_bytes: BufferBytes = 8_388_608
    max_incoming_bitrate_bps: Annotated[int, Field(ge=1, le=10_000_000_000)] = 6_000_000
    heard_at_once: Annotated[int, Field(ge=0, le=4096)] = 0
    ring_packets_video: Annotated[int, Field(ge=64, le=65536)] = 2048
    ring_packets_audio: Annotated[int, Field(ge=64, le=65536)] = 256
    segmentation_offload: bool = True
    gather_ms: Annotated[float, Field(ge=0, le=20)] = 0
    gather_viewers: Annotated[int, Field(ge=1, le=1_000_000)] = 100

    @model_validator(mode="after")
    def _servers_are_complete(self) -> Self:
        if odd := [url for url in self.ice_servers if not url.startswith(("stun:", "stuns:"))]:
            raise ValueError(
                f"media.ice_servers has {odd[0]!r}: it takes stun: and stuns: only, for a TURN server needs "
                "credentials; name that one in media.turn_urls"
            )
        if odd := [url for url in self.turn_urls if not url.startswith(("turn:", "turns:"))]:
            raise ValueError(f"media.turn_urls has {odd[0]!r}: it takes turn: and turns: only")
        if self.turn_urls and not self.turn_secret.get_secret_value():
            raise ValueError(
                "media.turn_urls needs media.turn_secret too: the TURN server's static-auth-secret"
            )
        return self


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


class JobSettings(Section):
    """The process that works on recordings when they have ended."""

    embedded: bool = True
    url: QueueUrl = ""
    ladder: Annotated[
        list[Annotated[int, Field(ge=120, le=2160)]], BeforeValidator(split_list), Field(max_length=8)
    ] = []
    concurrency: Annotated[int, Field(ge=1, le=16)] = 1
    niceness: Annotated[int, Field(ge=0, le=19)] = 10
    retry_delays_s: Annotated[
        list[Annotated[float, Field(ge=0, le=604_800)]],
        BeforeValidator(split_list),
        Field(min_length=1, max_length=20),
    ] = [10, 30, 120, 600, 1800]


class AccountSettings(Section):
    """Passwords, tokens and sessions."""

    registration: Literal["open", "closed"] = "open"
    password_min_length: Annotated[int, Field(ge=8, le=64)] = 8
    password_max_bytes: Annotated[int, Field(ge=64, le=1024)] = 1024
    argon2_memory_kib: Annotated[int, Field(ge=19456)] = 19456
    argon2_time_cost: Annotated[int, Field(ge=2)] = 2
    argon2_parallelism: Annotated[int, Field(ge=1)] = 1
    hash_threads: Annotated[int, Field(ge=0, le=32)] = 0
    access_token_ttl_s: Count = 900
    refresh_idle_s: Count = 1_209_600
    refresh_absolute_s: Count = 2_592_000
    admin_refresh_idle_s: Count = 1800
    admin_refresh_absolute_s: Count = 43_200
    refresh_grace_s: Annotated[int, Field(ge=0)] = 10
    setup_link_ttl_s: Count = 86_400
    audit_keep_days: Annotated[int, Field(ge=0)] = 0
    approval: Literal["mail", "admin"] = "mail"
    notify_of_new_devices: bool = True
    password_forbidden_words: Strings = []
    require_second_factor_for: Annotated[
        list[Literal["admin", "teacher", "assistant", "student"]], BeforeValidator(split_list)
    ] = []


class MailSettings(Section):
    """The SMTP server that takes our mails; without one an administrator hands links on."""

    host: str = ""
    port: Annotated[int, Field(ge=1, le=65535)] = 587
    security: Literal["starttls", "tls", "none"] = "starttls"
    username: str = ""
    password: SecretStr = SecretStr("")
    sender: Sender = ""
    ca_file: str = ""
    timeout_s: Annotated[float, Field(gt=0, le=300)] = 30.0
    connections: Annotated[int, Field(ge=1, le=64)] = 4
    keep_days: Count = 30

    @property
    def sends(self) -> bool:
        """Whether there is a server to send by."""
        return bool(self.host)

    @model_validator(mode="after")
    def _is_complete(self) -> Self:
        if self.host and not self.sender:
            raise ValueError("mail.host needs mail.sender too: the address that mails come from")
        if bool(self.username) != bool(self.password.get_secret_value()):
            raise ValueError("mail.username and mail.password go together: set both or none")
        if self.username and self.security == "none" and self.host not in HERE:
            raise ValueError(
                'mail.security = "none" would send mail.password over the network in the clear: take '
                '"starttls" or "tls"'
            )
        return self


class NotificationSettings(Section):
    """What people are told of what concerns them."""

    keep_days: Count = 180
    time_zone: TimeZone = "UTC"
    digest_hour: Annotated[int, Field(ge=0, le=23)] = 7


SHORTEST_BY_NAME_DAYS = 30


class AnalyticsSettings(Section):
    """What is kept of who watched what, and to whom averages are told."""

    keep_days: Count = 400
    at_least: Annotated[int, Field(ge=1, le=1000)] = 5
    usage_keep_days: Count = 1100
    anonymize_after_days: Annotated[int, Field(ge=0, le=36_500)] = 0
    lrs_url: LrsUrl = ""
    lrs_username: str = ""
    lrs_password: SecretStr = SecretStr("")
    lrs_ca_file: str = ""

    @field_validator("anonymize_after_days")
    @classmethod
    def _outlasts_pages(cls, days: int) -> int:
        if 0 < days < SHORTEST_BY_NAME_DAYS:
            raise ValueError(
                f"anonymize_after_days is 0 (never) or at least {SHORTEST_BY_NAME_DAYS}: for so long pages "
                "keep what they could not send"
            )
        return days

    @model_validator(mode="after")
    def _is_complete(self) -> Self:
        if bool(self.lrs_username) != bool(self.lrs_password.get_secret_value()):
            raise ValueError(
                "analytics.lrs_username and analytics.lrs_password go together: set both or none"
            )
        return self


class OidcProvider(Section):
    """A provider by which people sign in (OpenID Connect)."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,31}$")]
    title: Annotated[str, Field(max_length=64)] = ""
    issuer: Issuer
    client_id: Annotated[str, Field(min_length=1)]
    client_secret: SecretStr = SecretStr("")
    secret_in: Literal["header", "form"] = "header"
    scopes: Strings = ["openid", "email", "profile"]
    create_accounts: bool = False
    trust_email: bool = False
    allowed_domains: MailDomains = []
    role_claim: str = ""
    role_map: dict[str, Literal["admin", "teacher", "assistant", "student"]] = {}

    @model_validator(mode="after")
    def _asks_for_an_identity(self) -> Self:
        if "openid" not in self.scopes:
            raise ValueError("scopes need openid, without which a provider tells nobody's identity")
        if bool(self.role_claim) != bool(self.role_map):
            raise ValueError("role_claim and role_map need each other")
        return self


class OidcSettings(Section):
    """Signing in by other servers' accounts."""

    providers: list[OidcProvider] = []

    @model_validator(mode="after")
    def _names_differ(self) -> Self:
        for kind in ("name", "issuer"):
            values = [getattr(one, kind) for one in self.providers]
            if len(set(values)) != len(values):
                raise ValueError(f"two providers have the same {kind}")
        return self


class RoomSettings(Section):
    """What a class may be."""

    open: bool = False


class RecordingSettings(Section):
    """Recording and playback."""

    min_free_bytes: Annotated[int, Field(ge=0)] = 536_870_912
    warn_free_bytes: Annotated[int, Field(ge=0)] = 5_368_709_120
    quota_per_room_bytes: Annotated[int, Field(ge=0)] = 0
    quota_per_owner_bytes: Annotated[int, Field(ge=0)] = 0
    idle_stop_s: Annotated[int, Field(ge=0)] = 1800
    live_transcodes: Annotated[int, Field(ge=0, le=64)] = 1
    mixed_voices: Annotated[int, Field(ge=1, le=64)] = 8
    layers: Annotated[int, Field(ge=1, le=4)] = 3
    tracks_at_once: Annotated[int, Field(ge=1, le=256)] = 16
    access_log_keep_days: Annotated[int, Field(ge=0)] = 180
    keep_days: Annotated[int, Field(ge=0, le=36_500)] = 0
    trash_keep_days: Annotated[int, Field(ge=0, le=36_500)] = 30


class CourseworkSettings(Section):
    """Files of courses: materials, what is handed in, feedback."""

    max_material_bytes: Annotated[int, Field(ge=1)] = 1_073_741_824
    max_submission_file_bytes: Annotated[int, Field(ge=1)] = 104_857_600
    max_course_file_bytes: Annotated[int, Field(ge=1)] = 53_687_091_200
    quota_per_course_bytes: Annotated[int, Field(ge=0)] = 21_474_836_480
    quota_per_student_bytes: Annotated[int, Field(ge=0)] = 1_073_741_824
    file_types: Strings = []


class StreamingSettings(Section):
    """Classes that are watched live without being recorded."""

    window_s: Annotated[int, Field(ge=30, le=14_400)] = 600
    folder: str = ""


class WebhookSettings(Section):
    """Messages to other programs."""

    allow_private_addresses: bool = False
    allowed_hosts: AllowedHosts = []
    timeout_s: Annotated[float, Field(gt=0, le=60)] = 10.0
    retry_delays_s: Annotated[
        list[Annotated[float, Field(ge=0, le=604_800)]], BeforeValidator(split_list), Field(max_length=20)
    ] = [5, 30, 120, 600, 3600, 14_400, 43_200, 86_400]
    keep_days: Count = 14


class SfuSettings(Section):
    """The REST service for server-side programs."""

    enabled: bool = False
    trusted_addresses: Networks = []


class PlainSettings(Section):
    """RTP over UDP without ICE and DTLS, which /sfu sets up for FFmpeg and GStreamer."""

    ports: PortRange = ""
    host: IpAddress = ""
    announced_address: IpAddress = ""
    allow_private_addresses: bool = False

    @property
    def port_range(self) -> range:
        """The ports that are given out."""
        first, _, last = self.ports.partition("-")
        return range(int(first), int(last) + 1) if self.ports else range(0)


class LogSettings(Section):
    """What is written to standard error."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    format: Literal["auto", "text", "json"] = "auto"


class LimitSettings(Section):
    """How often one account or one address may do what; 0 switches a limit off."""

    sign_in_failures_per_account: Annotated[int, Field(ge=0)] = 5
    sign_in_failures_window_s: Count = 900
    sign_in_delay_s: Count = 30
    sign_in_delay_max_s: Count = 3600
    sign_in_failures_per_address_per_minute: Annotated[int, Field(ge=0)] = 300
    registrations_per_address_per_hour: Annotated[int, Field(ge=0)] = 300
    recoveries_per_address_per_hour: Annotated[int, Field(ge=0)] = 300
    password_resets_per_account_per_hour: Annotated[int, Field(ge=0)] = 3
    verification_mails_per_address_per_minute: Annotated[int, Field(ge=0)] = 1
    refreshes_per_account_per_5_minutes: Annotated[int, Field(ge=0)] = 150
    requests_per_account_per_minute: Annotated[int, Field(ge=0)] = 600
    signalling_calls_per_10_seconds: Annotated[int, Field(ge=0)] = 400
    signalling_announcements_per_10_seconds: Annotated[int, Field(ge=0)] = 60
    signalling_connections_per_account: Annotated[int, Field(ge=0)] = 32
    signalling_connections_per_address: Annotated[int, Field(ge=0)] = 2000
    chat_messages_per_10_seconds: Annotated[int, Field(ge=0)] = 10
    chat_messages_per_room: Annotated[int, Field(ge=0)] = 50_000
    sfu_calls_per_10_seconds: Annotated[int, Field(ge=0)] = 5000
    requests_per_address_per_minute: Annotated[int, Field(ge=0)] = 30_000
    media_per_token_per_minute: Annotated[int, Field(ge=0)] = 300
    connection_checks_per_address_per_minute: Annotated[int, Field(ge=0)] = 60
    connection_checks_at_a_time: Annotated[int, Field(ge=0)] = 8


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
