"""Profile pictures: what is taken, what is left of it, and what is refused."""

from __future__ import annotations

import random
import resource
import struct
import zlib
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tests.unit.picture_material import (
    BLUE,
    RED,
    WHITE,
    halves,
    is_near,
    jpeg,
    pixels_of,
    png,
    png_bomb,
    webp,
    with_exif,
)
from vtp.accounts.portraits import SIDE, make_portrait
from vtp.errors import Invalid


@pytest.mark.parametrize("write", [jpeg, png, webp])
def test_every_kind_of_picture_becomes_the_same_square(write: Callable[[Any], bytes]) -> None:
    shown = pixels_of(make_portrait(write(halves(600, 200, RED, BLUE))))
    assert shown.shape == (SIDE, SIDE, 3)
    assert is_near(shown[128, 20], RED) and is_near(shown[128, 235], BLUE)


@pytest.mark.parametrize("write", [png, webp])
def test_transparent_parts_are_white(write: Callable[[Any], bytes]) -> None:
    pixels = np.dstack([halves(300, 300, RED, RED), np.full((300, 300), 255, "uint8")])
    pixels[150:, :, 3] = 0
    shown = pixels_of(make_portrait(write(pixels)))
    assert is_near(shown[20, 128], RED) and is_near(shown[235, 128], WHITE)


_LEFT, _RIGHT, _TOP, _BOTTOM = (128, 20), (128, 235), (20, 128), (235, 128)
UPRIGHT = {1: (_LEFT, _RIGHT), 3: (_RIGHT, _LEFT), 6: (_TOP, _BOTTOM), 8: (_BOTTOM, _TOP)}
"""By Exif's orientation: where a picture's left half is, once it stands upright, and its right half."""


@pytest.mark.parametrize("orientation", UPRIGHT)
def test_a_picture_stands_as_the_camera_was_held_and_says_nothing_else(orientation: int) -> None:
    secret = b"taken at 52.5200 N, 13.4050 E"
    data = with_exif(jpeg(halves(400, 400, RED, BLUE)), orientation, secret)
    portrait = make_portrait(data)
    shown = pixels_of(portrait)
    red, blue = UPRIGHT[orientation]
    assert is_near(shown[red], RED) and is_near(shown[blue], BLUE)
    assert secret in data and secret not in portrait
    assert b"Exif" not in portrait and b"Lavc" not in portrait


def test_a_second_file_behind_the_picture_is_gone() -> None:
    data = png(halves(300, 300, RED, BLUE)) + b"PK\x03\x04<script>alert(1)</script>"
    assert b"script" not in make_portrait(data)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"GIF89a" + bytes(100),
        b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>",
        b"\xff\xd8\xff",
        b"\xff\xd8\xff\xe0" + bytes(50),
        b"\x89PNG\r\n\x1a\n" + bytes(40),
        b"RIFF\0\0\0\0WEBPVP8X",
        b"RIFF\0\0\0\0WEBPVP8L" + bytes(30),
        png(halves(300, 300, RED, BLUE))[:60],
        png_bomb(30_000, 30_000),
        png_bomb(16_000, 16_000),
        png_bomb(0, 10),
        png_bomb(1_000, 1_000)[:-30],
    ],
    ids=lambda data: f"{data[:12]!r}…{len(data)}",
)
def test_what_is_no_picture_or_too_large_a_one_is_refused(data: bytes) -> None:
    with pytest.raises(Invalid) as refused:
        make_portrait(data)
    assert refused.value.code == "picture_refused"


@pytest.mark.parametrize("seed", range(6))
def test_damaged_pictures_are_refused_or_made_anew(seed: int) -> None:
    print(f"seed {seed}")
    draw = random.Random(seed)
    whole = [write(halves(120, 90, RED, BLUE)) for write in (jpeg, png, webp)]
    for _ in range(30):
        data = bytearray(draw.choice(whole))
        for _ in range(draw.randrange(1, 20)):
            data[draw.randrange(len(data))] = draw.randrange(256)
        try:
            assert pixels_of(make_portrait(bytes(data[: draw.randrange(1, len(data) + 1)]))).shape[:2] == (
                SIDE,
                SIDE,
            )
        except Invalid:
            continue


@pytest.mark.parametrize("name", [b"iCCP", b"zTXt", b"iTXt"])
def test_what_is_packed_beside_a_picture_is_not_unpacked(name: bytes) -> None:
    """64 MB in 64 kB; unpacked by FFmpeg it would be held twice, and 2 MB of it would take gigabytes."""
    packed = zlib.compress(bytes(64_000_000), 9)
    body = b"x\0" + (b"\1\0\0\0" if name == b"iTXt" else b"\0") + packed
    chunk = struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
    plain = png(halves(64, 64, RED, BLUE))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert make_portrait(plain[:33] + chunk + plain[33:]) == make_portrait(plain)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 40_000  # kB
