"""Typed settings: built-in defaults < config/default.toml < config/$VTP_ENV.toml < VTP_* environment.

Sections nest with `__` in the environment: `VTP_HTTP__PORT=9000`. Unknown keys are refused with their path
and the place they came from. What each key means is explained in config/default.toml, whose values equal the
defaults here (a test compares them).
"""

from vtp.settings.accounts import AccountSettings
from vtp.settings.analytics import SHORTEST_BY_NAME_DAYS, AnalyticsSettings
from vtp.settings.coursework import CourseworkSettings
from vtp.settings.http import LETS_ENCRYPT, HttpSettings
from vtp.settings.jobs import JobSettings
from vtp.settings.limits import LimitSettings
from vtp.settings.log import LogSettings
from vtp.settings.mail import MailSettings, NotificationSettings
from vtp.settings.media import MediaSettings, PlainSettings
from vtp.settings.oidc import OidcProvider, OidcSettings
from vtp.settings.programs import SfuSettings, WebhookSettings
from vtp.settings.recording import RecordingSettings
from vtp.settings.rooms import RoomSettings, StreamingSettings
from vtp.settings.section import Section
from vtp.settings.stores import DatabaseSettings, StorageSettings
from vtp.settings.whole import Settings

__all__ = [
    "LETS_ENCRYPT",
    "SHORTEST_BY_NAME_DAYS",
    "AccountSettings",
    "AnalyticsSettings",
    "CourseworkSettings",
    "DatabaseSettings",
    "HttpSettings",
    "JobSettings",
    "LimitSettings",
    "LogSettings",
    "MailSettings",
    "MediaSettings",
    "NotificationSettings",
    "OidcProvider",
    "OidcSettings",
    "PlainSettings",
    "RecordingSettings",
    "RoomSettings",
    "Section",
    "Settings",
    "SfuSettings",
    "StorageSettings",
    "StreamingSettings",
    "WebhookSettings",
]
