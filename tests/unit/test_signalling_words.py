"""The list of words for programs, read from its page."""

import pytest

from vtp.signalling.words import read_words


def test_only_words_of_the_section_count() -> None:
    words = "`not_signed_in`, `no_such_room`\n(`invalid`)."
    page = f"`before`\n\n## Words for programs\n\n{words}\n\n## Next\n\n`after`\n"
    assert read_words(page) == ["not_signed_in", "no_such_room", "invalid"]


@pytest.mark.parametrize("page", ["# No such section\n\n`word`\n", "## Words for programs\n\nnone\n"])
def test_a_page_without_the_list_is_an_error(page: str) -> None:
    with pytest.raises(ValueError, match="no section"):
        read_words(page)
