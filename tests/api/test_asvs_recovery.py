"""Recovery does not lead around the second factor (OWASP ASVS 5.0, 6.4.3)."""

from __future__ import annotations

import pyotp

from tests.serving import PASSWORD, Api
from tests.smtp_server import Mailbox

AUTH = "/api/v1/auth"
NEW_PASSWORD = "another long pass phrase"


async def test_a_new_password_by_mail_leaves_the_second_factor_on(mailed: Api, mailbox: Mailbox) -> None:
    person = await mailed.person("teacher")
    made = await mailed.call("POST", f"{AUTH}/2fa/setup", {"password": PASSWORD}, by=person)
    secret = made.body["secret"]
    on = await mailed.call("POST", f"{AUTH}/2fa/enable", {"code": pyotp.TOTP(secret).now()}, by=person)
    [code, other, *_] = on.body["backup_codes"]
    await mailed.call("POST", f"{AUTH}/forgot-password", {"email": person.email})
    token = await mailbox.token_to(person.email, "Choose a new password")
    wish = {"token": token, "new_password": NEW_PASSWORD}
    alone = await mailed.call("POST", f"{AUTH}/reset-password", wish)
    assert (alone.status, alone.body["code"]) == (401, "totp_required")
    answer = await mailed.call("POST", f"{AUTH}/reset-password", wish | {"totp": other})
    assert answer.status == 200 and "access_token" not in answer.body
    login = {"email": person.email, "password": NEW_PASSWORD}
    without = await mailed.call("POST", f"{AUTH}/login", login)
    assert (without.status, without.body["code"]) == (401, "totp_required")
    assert (await mailed.call("POST", f"{AUTH}/login", login | {"totp": code})).status == 200
