"""A teacher and a student in Chromium speak in one class: both are in the sound of its recording."""

from __future__ import annotations

import select
import time
import urllib.request
from typing import Any

import numpy as np
from playwright.sync_api import Page

from tests.e2e.classes.class_pages import Visit, ask, join, make_room, token_of
from tests.e2e.conftest import poll
from tests.e2e.recorded_media import sound
from tests.server_process import Running
from vtp.bench.lecture_sound import SAMPLE_RATE

SPEAKS = """(() => {
  const ask = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
  navigator.mediaDevices.getUserMedia = async (wanted) => {
    const stream = await ask(wanted);
    for (const microphone of stream.getAudioTracks()) {
      const context = new AudioContext();
      const out = new MediaStreamAudioDestinationNode(context);
      const voice = new OscillatorNode(context, { frequency: HERTZ });
      voice.connect(new GainNode(context, { gain: 0.25 })).connect(out);
      voice.start();
      stream.removeTrack(microphone);
      microphone.stop();
      stream.addTrack(out.stream.getAudioTracks()[0]);
    }
    return stream;
  };
})();"""
VOICES = {"ada": 700, "sam": 1900}
TOGETHER_S = 4


def test_both_voices_are_in_the_sound_of_the_recording(server: Running, visit: Visit) -> None:
    pages: dict[str, Page] = {}
    for name, hertz in VOICES.items():
        pages[name] = visit(name)
        pages[name].add_init_script(SPEAKS.replace("HERTZ", str(hertz)))
    make_room(server, "voices")
    for page in pages.values():
        join(page, "voices", server.url)
    for page in pages.values():
        poll(page, "document.querySelectorAll('audio.sound').length === 1")
    token = token_of(server, "ada")
    room = ask(server, "/api/v1/rooms/voices", token=token)
    wish = {"room_id": room["room_id"], "title": "Voices"}
    started = ask(server, "/api/v1/recordings/start", token=token, body=wish)
    path = f"/api/v1/recordings/{started['recording_id']}"
    wait_for_seconds(server, token, path, TOGETHER_S)
    ask(server, f"{path}/stop", token=token, body={})
    wanted = urllib.request.Request(
        f"{server.url}{path}/download", headers={"Authorization": f"Bearer {token}"}
    )
    with urllib.request.urlopen(wanted) as answer:
        _, heard = sound(answer.read())
    power = np.abs(np.fft.rfft(heard * np.hanning(len(heard)))) ** 2
    hertz_of = np.fft.rfftfreq(len(heard), 1 / SAMPLE_RATE)
    shares = {
        name: power[np.abs(hertz_of - hertz) < 30].sum() / power.sum() for name, hertz in VOICES.items()
    }
    assert min(shares.values()) > 0.2 and sum(shares.values()) > 0.9, shares


def wait_for_seconds(server: Running, token: str, path: str, seconds: float) -> Any:
    """Until so much is recorded."""
    deadline = time.monotonic() + 60
    while float(ask(server, path, token=token)["duration_seconds"] or 0) < seconds:
        assert time.monotonic() < deadline, "it does not grow"
        select.select([], [], [], 0.2)
