"""Nothing of a person is forgotten: every table and column is told, withheld or exempt, by name."""

import json
from pathlib import Path

from sqlalchemy import Table

from vtp.accounts.tables import users
from vtp.db import metadata
from vtp.own_data.holding import Emptied, Kept, Subject
from vtp.own_data.scrubbing import scrub_details, scrub_message
from vtp.personal.holdings import EXEMPT, HOLDINGS

ADA = Subject("01890a5d-ac96-774b-bcce-b302099a8057", "ada@school.example", "Ada Lovelace", "alias")


def all_tables() -> set[Table]:
    for file in Path("vtp").glob("*/tables.py"):
        __import__(f"vtp.{file.parent.name}.tables")
    return set(metadata.tables.values())


def test_every_table_is_held_or_exempt_with_a_reason() -> None:
    held = {holding.table for holding in HOLDINGS}
    assert all_tables() == held | EXEMPT.keys()
    assert not held & EXEMPT.keys()
    assert all(EXEMPT.values())


def test_an_exempt_table_refers_to_nobody() -> None:
    for table in EXEMPT:
        assert all(key.column.table is not users for key in table.foreign_keys), table.name


def test_every_column_is_told_or_withheld_and_none_is_both_at_once() -> None:
    said: dict[Table, set[str]] = {}
    for holding in HOLDINGS:
        assert not set(holding.told) & set(holding.withheld), holding.name
        said.setdefault(holding.table, set()).update(holding.told, holding.withheld)
    for table, columns in said.items():
        assert columns == set(table.c.keys()), table.name


def test_every_reference_to_an_account_is_how_some_holding_finds_its_rows() -> None:
    conditions = dict.fromkeys(all_tables(), "")
    for holding in HOLDINGS:
        conditions[holding.table] += str(holding.theirs(ADA))
    for table, text in conditions.items():
        for key in table.foreign_keys:
            if key.column.table is users:
                assert f"{table.name}.{key.parent.name} =" in text, f"{table.name}.{key.parent.name}"


def test_no_secret_is_told() -> None:
    for holding in HOLDINGS:
        secret = [name for name in holding.told if any(word in name for word in ("hash", "secret", "token"))]
        assert not secret, (holding.name, secret)


def test_names_of_holdings_are_their_own() -> None:
    assert len({holding.name for holding in HOLDINGS}) == len(HOLDINGS)


def test_what_is_kept_says_why() -> None:
    assert all(one.erasure.why for one in HOLDINGS if isinstance(one.erasure, Kept))
    assert any(isinstance(one.erasure, Emptied) for one in HOLDINGS)


def test_details_of_the_log_lose_names_and_keep_what_happened() -> None:
    details = {
        "from": {"role": "student"},
        "to": {"role": "teacher", "approved": True},
        "email": {"from": "a***@school.example", "to": "b***@school.example"},
        "name": "Physics",
        "reason": "wrong_password",
        "call": "GET /api/v1/users/{user_id}",
        "list": ["Ada Lovelace", "room_created", 3],
        "note": "about ada@school.example",
        "who": "x:Ada.Lovelace:ada@school.example",
        "lifts": ["0a1b2c", "3d4e5f"],
    }
    assert scrub_details(ADA, details) == {
        "from": {"role": "student"},
        "to": {"role": "teacher", "approved": True},
        "email": {},
        "name": "",
        "reason": "wrong_password",
        "call": "GET /api/v1/users/{user_id}",
        "list": ["", "room_created", 3],
        "note": "",
        "who": "",
        "lifts": ["", ""],
    }
    assert scrub_details(ADA, {"reason": "logout"}) is None
    assert scrub_details(ADA, None) is None


def test_a_message_to_a_webhook_loses_this_person_alone() -> None:
    ada = {"user_id": ADA.user_id, "full_name": "Ada Lovelace"}
    others = [{"user_id": "other", "full_name": "Bob"}]
    body = json.dumps({"data": {"participant": ada, "others": others, "owner_id": ADA.user_id}})
    assert scrub_message(ADA, body) == (
        '{"data":{"participant":{"user_id":null,"full_name":"Erased person"},'
        '"others":[{"user_id":"other","full_name":"Bob"}],"owner_id":null}}'
    )
    assert scrub_message(ADA, "no JSON") is None
