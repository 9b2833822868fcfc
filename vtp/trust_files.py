"""Files with the certificates of private authorities, which settings name: looked at when the server starts,
not first when a mail is to be sent or a certificate is to be ordered.
"""

from __future__ import annotations

import ssl

from vtp.errors import StartupError
from vtp.settings import Settings


def check_trust_files(settings: Settings) -> None:
    """Raises StartupError, a sentence that names the setting, for a file that cannot be used."""
    _check("mail.ca_file", settings.mail.ca_file)
    _check("analytics.lrs_ca_file", settings.analytics.lrs_ca_file)
    if settings.http.tls == "acme":
        _check("http.acme_ca_file", settings.http.acme_ca_file)


def _check(setting: str, path: str) -> None:
    if not path:
        return
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cafile=path)
    except ssl.SSLError as error:  # an OSError too, whose words are OpenSSL's
        raise StartupError(
            f"The setting {setting} names {path}, in which there are no certificates: it must be a PEM file "
            "of those of the authority; correct it and start again."
        ) from error
    except OSError as error:
        raise StartupError(
            f"The setting {setting} names {path}, which cannot be read ({error.strerror}): correct it and "
            "start again."
        ) from error
