"""Who speaks into a real microphone becomes the speaker of a real page, and who only hisses does not."""

from __future__ import annotations

import wave
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, Page, Playwright, expect

from tests.e2e.classes.class_pages import Visit, join, make_room, sign_in, tile_of
from tests.e2e.conftest import CHROMIUM, FLAGS, devices
from tests.server_process import Running

RATE = 48_000
LIMIT_MS = 1_000


def voice(seconds: int) -> np.ndarray:
    """Words of 0.4 s with gaps of 0.08 s: 180 Hz and its harmonics, as a voice has them."""
    t = np.arange(seconds * RATE) / RATE
    sound = sum(np.sin(2 * np.pi * 180 * k * t) / k for k in range(1, 20)) * 0.15
    return np.asarray(sound * ((t % 0.48) < 0.4))


def hiss(seconds: int) -> np.ndarray:
    """A microphone in a quiet room: -66 dBov of noise."""
    return np.random.default_rng(7).normal(0, 0.0005, seconds * RATE)


def write_sound(path: Path, samples: np.ndarray) -> Path:
    with wave.open(str(path), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(RATE)
        out.writeframes((np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes())
    return path


@pytest.fixture(scope="module")
def browsers(
    playwright: Playwright, lecture: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Browser, Browser]]:
    """Chromium with a quiet microphone, and one into which somebody speaks."""
    folder = tmp_path_factory.mktemp("microphones")
    sounds = [write_sound(folder / "quiet.wav", hiss(10)), write_sound(folder / "voice.wav", voice(12))]
    quiet, loud = [
        playwright.chromium.launch(executable_path=CHROMIUM, args=[*FLAGS, *devices(lecture(".y4m"), sound)])
        for sound in sounds
    ]
    yield quiet, loud
    quiet.close()
    loud.close()


@pytest.fixture(scope="module")
def browser(browsers: tuple[Browser, Browser]) -> Browser:
    """The quiet one, for who is visited."""
    return browsers[0]


@pytest.fixture
def speaking(browsers: tuple[Browser, Browser], server: Running) -> Iterator[Page]:
    """Sam's page, signed in, with the voice."""
    context = browsers[1].new_context(reduced_motion="reduce")
    page = context.new_page()
    sign_in(page, server.url, "sam")
    yield page
    context.close()


def test_who_speaks_is_large_within_a_second_and_who_is_quiet_is_not(
    server: Running, visit: Visit, speaking: Page
) -> None:
    # Ada looks, since who presents is large for all others.
    ada, mei = visit("ada"), visit("mei")
    make_room(server, "speaking")
    for page in (ada, mei, speaking):
        join(page, "speaking", server.url)
    speaking.keyboard.press("m")
    expect(tile_of(ada, "Sam Okafor")).to_have_attribute("data-muted", "true")
    ada.keyboard.press("g")
    stage = ada.get_by_test_id("stage")
    large = ada.evaluate(
        """() => {
        const stage = document.querySelector('[data-testid=stage]');
        new MutationObserver(() => { window.changed ??= Date.now(); })
            .observe(stage, {attributes: true, attributeFilter: ['data-large']});
        return stage.dataset.large;
    }"""
    )
    assert large, "somebody with a picture is large while nobody has spoken"
    ada.wait_for_timeout(2_000)
    expect(stage).to_have_attribute("data-large", large)
    begun = speaking.evaluate("Date.now()")
    speaking.keyboard.press("m")
    expect(tile_of(ada, "Sam Okafor")).to_have_attribute("data-muted", "false")
    expect(stage).not_to_have_attribute("data-large", large)
    took = ada.evaluate("window.changed") - begun
    assert (
        tile_of(ada, "Sam Okafor").locator("xpath=ancestor::*[contains(@class, 'class-large-tile')]").count()
    )
    print(f"the speaker was large after {took:.0f} ms")
    assert took <= LIMIT_MS
    ada.wait_for_timeout(3_000)
    expect(stage).not_to_have_attribute("data-large", large)
