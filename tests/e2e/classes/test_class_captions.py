"""Captions that a teacher types while the class is recorded: seen by all at once, and in the recording."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, Route, expect

from tests.e2e.classes.class_pages import assert_fits_a_phone

pytestmark = pytest.mark.e2e


def type_line(page: Page, text: str) -> None:
    page.get_by_test_id("caption-field").fill(text)
    page.keyboard.press("Enter")


def expect_sent(page: Page) -> None:
    expect(page.get_by_test_id("caption-field")).to_have_value("")


def test_lines_that_a_teacher_types_are_seen_by_all_and_in_the_recording(
    class_of_two: tuple[Page, Page, str],
) -> None:
    ada, sam, _ = class_of_two
    ada.get_by_test_id("class-menu").click()
    ada.get_by_test_id("menu-captions").click()
    expect(ada.get_by_test_id("side-captions")).to_contain_text("while the class is recorded")
    looks: list[Route] = []
    ada.route("**/api/v1/recordings?**", lambda look: looks.append(look))
    ada.get_by_test_id("record").click()
    expect(ada.get_by_test_id("record")).to_have_attribute("data-recording", "true")
    ada.get_by_test_id("caption-language").select_option("de")
    type_line(ada, "Licht bricht sich <b>im Glas</b>.")
    expect(ada.get_by_test_id("caption-field")).not_to_have_value("")  # it is not known yet
    for look in looks:
        look.continue_()
    ada.unroute("**/api/v1/recordings?**")
    expect_sent(ada)
    expect(sam.get_by_test_id("live-captions")).to_have_text("Licht bricht sich <b>im Glas</b>.")
    assert_fits_a_phone(ada)
    type_line(ada, "Und im Wasser.")
    expect_sent(ada)
    expect(sam.get_by_test_id("live-captions").locator("p").last).to_have_text("Und im Wasser.")
    expect(ada.get_by_test_id("caption-lines").locator("li")).to_have_count(2)
    ada.get_by_test_id("record").click()
    with ada.context.expect_page() as opened:
        ada.get_by_test_id("toast").get_by_role("button", name="Watch it").click()
    opened.value.get_by_test_id("captions").click()
    expect(opened.value.get_by_test_id("captions-de")).to_be_visible()
