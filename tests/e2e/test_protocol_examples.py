"""The examples of docs/protocol.md in Chromium, as they stand there: copied, they work."""

import re

import pytest
from playwright.sync_api import Page

from tests.e2e.conftest import ROOT, OpenPage, Stack, bundle, poll

ADDRESS = '"https://school.example"'
BY_HEADING = re.split(r"^##+ (.+)$", (ROOT / "docs" / "protocol.md").read_text(), flags=re.MULTILINE)
SECTIONS = dict(zip(BY_HEADING[1::2], BY_HEADING[2::2], strict=True))


def example(heading: str) -> str:
    """The JavaScript of a section."""
    blocks: list[str] = re.findall(r"^```js$(.+?)^```$", SECTIONS[heading], re.MULTILINE | re.DOTALL)
    assert blocks, f"{heading} has no example"
    return "\n".join(blocks)


@pytest.fixture(scope="module")
def libraries() -> str:
    return bundle("libraries")


def follow(page: Page, libraries: str, room: str, *headings: str) -> None:
    """Does what the page says, section after section, in a room of the test's own."""
    connecting = example("Connecting")
    assert ADDRESS in connecting
    text = "\n".join([connecting.replace(ADDRESS, "location.origin"), *map(example, headings)])
    page.evaluate(libraries + "\nundefined;")
    page.evaluate(
        f"""async () => {{
          const token = "";
          window.pushes = [];
          window.shown = [];
          const show = (track) => {{
            const player = Object.assign(document.createElement("video"), {{ muted: true, autoplay: true }});
            player.srcObject = new MediaStream([track]);
            shown.push(player);
          }};
          {text.replace('"algebra"', f'"{room}"')}
          socket.onAny((event) => pushes.push(event));
          Object.assign(window, {{ call, sending, consumers }});
        }}"""
    )


SEQUENCE = "A worked sequence, with mediasoup-client"


def test_two_who_follow_the_sequence_see_and_hear_each_other(
    stack: Stack, open_page: OpenPage, libraries: str
) -> None:
    stack.request("POST", "/api/v1/signalling/room/create", {"room_name": "Worked sequence"})
    pages = [open_page() for _ in range(2)]
    for page in pages:
        follow(page, libraries, "worked-sequence", SEQUENCE)
    for page in pages:
        poll(page, "shown.length === 2 && shown.every((one) => one.currentTime > 0.5)")
    pages[0].evaluate("sending.close()")
    poll(pages[1], "consumers.size === 0")


def test_examples_of_a_class_do_what_they_say(stack: Stack, open_page: OpenPage, libraries: str) -> None:
    stack.request("POST", "/api/v1/signalling/room/create", {"room_name": "Worked class"})
    watching = open_page()
    follow(watching, libraries, "worked-class", SEQUENCE)
    follow(open_page(), libraries, "worked-class", SEQUENCE, "Chat", "Polls")
    said = "['chat-message', 'poll-opened', 'poll-changed', 'poll-closed']"
    poll(watching, f"{said}.every((event) => pushes.includes(event))")
