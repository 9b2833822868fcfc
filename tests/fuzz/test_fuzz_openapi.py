"""The whole OpenAPI document by schemathesis, as every kind of caller: what it says is what the server does.

No 500, no status, media type or header that the document does not tell, no body that its schema does not
take. Each example is sent by every role; of what it names, half is there. New routes are tried as they come.
"""

from __future__ import annotations

import collections
import os
import random
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import checks
from schemathesis.core.failures import FailureGroup
from schemathesis.core.parameters import ParameterLocation
from schemathesis.core.result import Ok
from schemathesis.generation import GenerationMode
from schemathesis.schemas import APIOperation
from schemathesis.specs.openapi._hypothesis import can_negate_headers, can_negate_path_parameters

from tests.fuzzed_school import PARAMETER, ROLES, FuzzedSchool

pytestmark = pytest.mark.filterwarnings("default")
EXAMPLES = 500
PARTS = 10
TOLD = 25
SAFE = ("GET", "HEAD", "OPTIONS")
CHECKS = [
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_schema_conformance,
    checks.response_headers_conformance,
]
KNOWN_TYPES = {"application/json", "multipart/form-data", "text/plain"}
RAW = ("application/sdp", "application/trickle-ice-sdpfrag")


class Findings:
    """What was answered, and what of it is wrong: each kind of fault of an operation once."""

    def __init__(self) -> None:
        self.answered: dict[str, collections.Counter[int]] = {role: collections.Counter() for role in ROLES}
        self.went_well: set[str] = set()
        self.faults: dict[tuple[str, str], str] = {}

    def note(self, role: str, case: Any, response: Any) -> None:
        self.answered[role][response.status_code] += 1
        label = case.operation.label
        if response.status_code < 300:
            self.went_well.add(label)
        if response.status_code == 500:
            self.faults.setdefault((label, "500"), f"as {role}: {case.as_curl_command()}")
        try:
            case.validate_response(response, checks=CHECKS)
        except FailureGroup as group:
            for failure in group.exceptions:
                about = f"as {role}: {response.status_code} {response.text[:300]}\n{failure}\n"
                self.faults.setdefault((label, failure.title), about + case.as_curl_command())

    def assert_none(self, seed_: int, examples: int) -> None:
        told = [f"{label}: {what}\n{about}" for (label, what), about in self.faults.items()]
        assert not told, f"seed {seed_}, {len(told)} kinds of faults:\n\n" + "\n\n".join(told[:TOLD])
        for role, answered in self.answered.items():
            assert answered.total() >= 0.95 * examples, f"{role} was answered {answered.total()} times"


def take_as_it_is(document: dict[str, Any]) -> None:
    """Makes schemathesis send bodies of the document's other media types as they were made up."""
    operations = [operation for methods in document["paths"].values() for operation in methods.values()]
    bodies = [operation["requestBody"]["content"] for operation in operations if "requestBody" in operation]
    for media_type in {name for content in bodies for name in content} - KNOWN_TYPES:

        @schemathesis.serializer(media_type)
        def serialize(_: Any, value: Any) -> Any:
            return value if isinstance(value, bytes) else str(value).encode("utf-8", "replace")


def forbids_something(operation: APIOperation[Any, Any, Any, Any]) -> bool:
    """Whether there can be calls that the document does not allow: of one that takes no more than a text in
    its path there are none, and hypothesis would look for them hundreds of times.
    """
    return bool(
        operation.body
        or operation.query
        or (operation.path_parameters and can_negate_path_parameters(operation))
        or (operation.headers and can_negate_headers(operation, ParameterLocation.HEADER))
        or (operation.cookies and can_negate_headers(operation, ParameterLocation.COOKIE))
    )


def examples_of(operation: APIOperation[Any, Any, Any, Any], count: int, seed_: int) -> list[Any]:
    """Calls of one operation, half of them such as the document does not allow, where there are such."""
    found: list[Any] = []
    modes = [GenerationMode.POSITIVE] + ([GenerationMode.NEGATIVE] if forbids_something(operation) else [])
    for mode in modes:

        @seed(seed_)
        @settings(
            max_examples=-(-count // len(modes)),
            database=None,
            deadline=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(operation.as_strategy(generation_mode=mode))
        def collect(case: Any) -> None:
            found.append(case)

        try:
            collect()
        except Unsatisfiable:  # there is nothing that this operation does not allow
            continue
    return found


def name_what_is_there(case: Any, school: FuzzedSchool, role: str, chance: random.Random) -> None:
    """Puts what exists in the place of half of what an example names."""
    if case.path_parameters:
        known = school.path_of(case.operation.path)
        case.path_parameters = {
            name: known[name] if chance.random() < 0.5 else value
            for name, value in case.path_parameters.items()
        }
    if isinstance(case.body, dict):
        case.body = {name: _word(name, value, school, role, chance) for name, value in case.body.items()}
    elif case.media_type in RAW and chance.random() < 0.5:
        case.body = school.offer()
    if case.query and "room_id" in case.query and chance.random() < 0.5:
        case.query = {**case.query, "room_id": school.room}


def _word(name: str, value: Any, school: FuzzedSchool, role: str, chance: random.Random) -> Any:
    word = school.word_for(name, role) if chance.random() < 0.5 else None
    return value if word is None else word


def went_to(operation: APIOperation[Any, Any, Any, Any], response: Any) -> bool:
    """Whether the call reached this operation.

    `..` and empty parts lead elsewhere, as in every URL; a head of more than 8 KB is answered unread.
    """
    if "x-request-id" not in response.headers:
        return False
    pattern = "[^/]+".join(re.escape(part) for part in PARAMETER.split(operation.path)[::2])
    return re.fullmatch(pattern, response.request.path_url.partition("?")[0]) is not None


class Trial:
    """One server, and the operations of the document that it gives."""

    def __init__(self, school: FuzzedSchool, session: requests.Session, seed_: int) -> None:
        self.school, self.session, self.seed = school, session, seed_
        self.chance, self.findings = random.Random(seed_), Findings()
        self.base = school.api.base_url
        document = session.get(f"{self.base}/api/openapi.json", timeout=30).json()
        take_as_it_is(document)
        schema = schemathesis.openapi.from_dict(document)
        schema.config.generation.with_security_parameters = False
        self.operations = [one.ok() for one in schema.get_all_operations() if isinstance(one, Ok)]
        self._stocked = ""

    def only(self, part: int, parts: int) -> None:
        """Leaves all but one of so many parts of the document out."""
        count = len(self.operations)
        self.operations = self.operations[count * part // parts : count * (part + 1) // parts]

    def run(self, count: int) -> None:
        """So many examples in all, about as many of each operation, each by every role.

        What they name is there anew for each part of the API, and after what may have taken things away.
        """
        each, owed = -(-count // len(self.operations)), 0
        for operation in self.operations:
            found = examples_of(operation, each + owed, self.seed)
            owed = max(0, each + owed - len(found))  # a call that takes nothing has one example
            part = operation.path.split("/{")[0]
            if part != self._stocked:
                self.school.stock(operation.path)
            done = [self._send(operation, case, role) for role in ROLES for case in found]
            changed = any(done) and operation.method.upper() not in SAFE
            self._stocked = "" if changed else part

    def _send(self, operation: APIOperation[Any, Any, Any, Any], case: Any, role: str) -> bool:
        """Whether something was done, and not refused."""
        name_what_is_there(case, self.school, role, self.chance)
        response = case.call(
            base_url=self.base,
            session=self.session,
            headers=self.school.headers(role),
            allow_redirects=False,
            timeout=60,  # s; a busy machine is slow, not stuck
        )
        if went_to(operation, response):
            self.findings.note(role, case, response)
        if response.status_code == 401 and self.school.is_out(role):
            self.school.renew(role)
        self.session.cookies.clear()
        return bool(response.status_code < 400 or response.status_code >= 500)


def try_everything(
    data_dir: Path, database: Path, count: int, seed_: int, part: tuple[int, int] = (0, 1)
) -> Findings:
    """Every operation of a real server, or of a part of its document, as every role."""
    with (
        FuzzedSchool(data_dir, f"sqlite:///{database}", seed_) as school,
        requests.Session() as session,
    ):
        session.trust_env = False  # a twentieth of the whole would be looking for proxies
        trial = Trial(school, session, seed_)
        trial.only(*part)
        trial.run(count)
    print({role: dict(answered) for role, answered in trial.findings.answered.items()})
    print("never went well:", sorted({one.label for one in trial.operations} - trial.findings.went_well))
    return trial.findings


@pytest.fixture
def seed_() -> int:
    given_ = os.environ.get("VTP_FUZZ_SEED")
    seed = int(given_) if given_ else int.from_bytes(os.urandom(4), "big")
    print("seed", seed, "(VTP_FUZZ_SEED repeats it)")
    return seed


@pytest.fixture
def empty_school(tmp_path: Path, migrated_sqlite: Path) -> Iterator[Path]:
    file = tmp_path / "vtp.sqlite3"
    shutil.copy(migrated_sqlite, file)
    yield file


def test_the_document_is_true_for_every_caller(tmp_path: Path, empty_school: Path, seed_: int) -> None:
    try_everything(tmp_path / "data", empty_school, EXAMPLES, seed_, (0, 1)).assert_none(seed_, EXAMPLES)


@pytest.mark.long
@pytest.mark.parametrize("part", range(PARTS))  # each says what it found before the next begins
def test_the_document_is_true_for_every_caller_ten_thousand_times(
    tmp_path: Path, empty_school: Path, seed_: int, part: int
) -> None:
    found = try_everything(tmp_path / "data", empty_school, 10_000 // PARTS, seed_, (part, PARTS))
    found.assert_none(seed_, 10_000 // PARTS)
