"""Mails, and what people are told."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, SecretStr, model_validator

from vtp.settings.section import Section
from vtp.settings_values import HERE, Count, Sender, TimeZone


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
