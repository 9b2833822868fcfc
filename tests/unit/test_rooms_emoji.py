"""One emoji and nothing else: pictures with their variants, flags, keycaps."""

import pytest

from vtp.rooms.emoji import check_emoji

HEART = "\u2764"
VARIATION, JOINER = "\ufe0f", "\u200d"
MAN, WOMAN, GIRL, KISS = "\U0001f468", "\U0001f469", "\U0001f467", "\U0001f48b"
DARK = "\U0001f3ff"
SCOTLAND = "\U0001f3f4\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f"


@pytest.mark.parametrize(
    "text",
    [
        "👍",
        "👍🏽",
        "☝🏽",
        "☝️",
        "❤️",
        "©️",
        "⭐",
        "🏽",
        "🇨🇭",
        "1️⃣",
        "#️⃣",
        SCOTLAND,
        "🏴‍☠️",
        "🏳️‍🌈",
        f"{WOMAN}{JOINER}{HEART}{VARIATION}{JOINER}{KISS}{JOINER}{MAN}",
        f"{WOMAN}{DARK}{JOINER}{HEART}{VARIATION}{JOINER}{KISS}{JOINER}{MAN}{DARK}",
        f"{MAN}{JOINER}{WOMAN}{JOINER}{GIRL}{JOINER}{GIRL}",
        "🧑🏿‍💻",
        "🤷🏻‍♀️",
        "🤷‍♀",
        "\U0001fae8",  # of Unicode 15
        "\U0001fae9",  # of Unicode 16
        "\U0001faf8\U0001f3fd",
        "\U0001f6dc",
    ],
)
def test_one_emoji_is_one(text: str) -> None:
    assert check_emoji(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "a",
        "1",
        "#",
        "ok",
        "👍👍",
        "👍 ",
        " 👍",
        "👍a",
        "👍\n",
        "👍\x00",
        HEART,  # a text, without the variation selector
        "©",
        "♥",
        "🍎🏽",  # an apple has no skin
        "🇨",
        "🇨🇭🇨",
        "🇨🇭🇩🇪",
        f"{MAN}{JOINER}",
        f"{JOINER}{MAN}",
        f"{MAN}{JOINER}{JOINER}{MAN}",
        VARIATION,
        f"👍{VARIATION}{VARIATION}",
        "1⃣",
        "a️⃣",
        SCOTLAND[:-1],
        "👍\U000e0067\U000e007f",
        "🀀",  # a tile, no emoji
        "\U0001fb00",
        "日",
        "\ud83d",
        JOINER.join([MAN] * 6),
        "👍" * 1000,
        "e\u0301",
    ],
)
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="one emoji"):
        check_emoji(text)
