"""Mail addresses: one spelling for each, and none that a header or another server reads as something else."""

from __future__ import annotations

import pytest

from vtp.mail.addresses import known_as, normal_address, to_address


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        (" Ada@School.Example ", "ada@school.example"),
        ("ada+class=2@school.example", "ada+class=2@school.example"),
        ("ada@STRASSE.example", "ada@strasse.example"),
        ("ada@straße.example", "ada@straße.example"),
        ("ada@STRAẞE.example", "ada@straße.example"),
        ("ada@xn--strae-oqa.example", "ada@straße.example"),
        ("ada@Schüle.example", "ada@schüle.example"),
        ("ada@Schu\u0308le.example", "ada@schüle.example"),
        ("ada@school\u3002example", "ada@school.example"),
        ("zoe\u0308@school.example", "zoë@school.example"),
        ("o'brien@a_b.example", "o'brien@a_b.example"),
    ],
)
def test_one_address_has_one_spelling(written: str, kept: str) -> None:
    assert normal_address(written) == kept
    assert normal_address(kept) == kept


@pytest.mark.parametrize(
    "written",
    [
        "=?utf-8?q?ada?=@school.example",
        "=?iso-8859-1?b?YWRh?=x@school.example",
        "ada@=?utf-8?q?evil.example=3e=00?=",
        "ada%evil.example@school.example",
        "evil.example!ada@school.example",
        "ada\uff20evil.example@school.example",
        "ada\uff0c@school.example",
        "ada\r\nbcc:eve@school.example",
        "ada\n@school.example",
        "ada\u2028@school.example",
        "ada\u0085@school.example",
        "ada\x00@school.example",
        "ada\u202e@school.example",
        "ada@school.example>",
        '"ada lovelace"@school.example',
        "ada(comment)@school.example",
        ".ada@school.example",
        "ada.@school.example",
        "a..b@school.example",
        "ada@school..example",
        "ada@[192.0.2.1]",
        "ada@\u2603.example",
        "ada@sch\u200cool.example",
        "ada@xn--zz--zz.example",
        "ada@xn--a.example",
        "@school.example",
        "ada@",
        "ada",
        "ada@b@school.example",
        "a" * 65 + "@school.example",
        "ada@" + "ü" * 60 + ".example",
    ],
)
def test_what_others_may_read_as_something_else_is_refused(written: str) -> None:
    with pytest.raises(ValueError, match="write an email address such as"):
        normal_address(written)


def test_an_address_goes_into_a_header_by_its_name_in_dns() -> None:
    assert str(to_address("ada@straße.example")) == "ada@xn--strae-oqa.example"


def test_who_signs_in_is_looked_for_by_the_same_spelling_and_never_refused_for_it() -> None:
    assert known_as(" Ada@xn--strae-oqa.example") == "ada@straße.example"
    assert known_as("Nobody at all") == "nobody at all"
