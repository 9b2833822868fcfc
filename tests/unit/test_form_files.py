"""Files out of forms, as browsers and others write them."""

import random

import pytest

from vtp.http.errors import MalformedBody
from vtp.http.form_files import file_of_form

TYPE = "multipart/form-data; boundary=x"
FILE = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\n%s\r\n--x--\r\n'


@pytest.mark.parametrize("content", [b"email,name\r\na@b.example,\xc3\xa9\r\n", b"", b"a\rb\nc", b"\xff\x00"])
def test_the_bytes_of_the_file_come_out_as_they_were(content: bytes) -> None:
    assert file_of_form(TYPE, FILE % content, "file") == content


def test_other_fields_are_passed_over() -> None:
    note = b'--x\r\nContent-Disposition: form-data; name="note"\r\n\r\nfile\r\n'
    assert file_of_form(TYPE, note + FILE % b"here", "file") == b"here"
    with pytest.raises(MalformedBody):
        file_of_form(TYPE, FILE % b"here", "other")


HEADS = [
    b'Content-Disposition: form-data; name="file"',
    b"Content-Disposition: form-data; name=file; name*=x''%",
    b"Content-Disposition: form-data; name*=utf-8''file",
    b"Content-Disposition: =?utf-8?q?=ff?=; name=file",
    b"Content-Transfer-Encoding: base64",
    b"Content-Transfer-Encoding: x-uuencode",
    b"Content-Type: message/rfc822",
    b"Content-Type: multipart/mixed; boundary=y",
    b"Content-Disposition",
    b": x",
    b"\xff: \xff",
    b"",
]
TYPES = [
    TYPE,
    "multipart/form-data",
    "multipart/form-data; boundary*=utf-8''x",
    "multipart/form-data; boundary=\udcff",
]


@pytest.mark.parametrize("seed", range(4))
def test_whatever_is_sent_is_a_file_or_malformed(seed: int) -> None:
    print(f"seed {seed}")
    draw = random.Random(seed)
    for _ in range(250):
        head = b"\r\n".join(draw.choices(HEADS, k=draw.randrange(5)))
        body = b"--x\r\n" + head + b"\r\n\r\n" + draw.randbytes(draw.randrange(40)) + b"\r\n--x--"
        try:
            assert isinstance(file_of_form(draw.choice(TYPES), body, "file"), bytes)
        except MalformedBody:
            continue
