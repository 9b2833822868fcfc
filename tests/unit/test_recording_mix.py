"""The mix of voices: who is heard when, how loud, in which place, and what it costs to be silent."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from tests.unit.recording_material import Recorded, h264_units, opus_units, shifted, strength
from tests.unit.recording_recorder import FastClock, run
from tests.unit.recording_sources import prepared_source
from vtp.recording import opus
from vtp.recording.audio_timeline import AudioTimeline
from vtp.recording.clock import PublisherClock, TrackClock
from vtp.recording.limiter import BLOCK_TICKS, CEILING, Limiter
from vtp.recording.mixer import FRAME_TICKS, Mixer
from vtp.recording.opus_decoder import OpusDecoder
from vtp.recording.opus_encoder import STEREO_FRAMES, OpusEncoder
from vtp.recording.pcm import WholeFrames
from vtp.recording.recorder import Recorder
from vtp.recording.segmenter import Segmenter
from vtp.recording.timebase import NS
from vtp.recording.units import PlainUnit, Sample

MS = NS // 1000
RATE = 48_000
TONES = {"ann": 440.0, "bob": 1000.0, "cay": 1800.0}
THERE, GONE = 0.2, 0.01  # a tone of 12,000 of 32,768 has 0.37
Sound = npt.NDArray[np.float32]


def assert_heard(sound: Sound, start_s: float, end_s: float, *names: str) -> None:
    """These voices are heard in the stretch, and no others."""
    for name, hertz in TONES.items():
        level = strength(sound, hertz, start_s, end_s)
        assert (level > THERE) if name in names else (level < GONE), (name, level, start_s)


def voice(name: str, start_s: float, end_s: float) -> list[tuple[str, PlainUnit]]:
    """Somebody's packets between two times."""
    units = opus_units(round((end_s - start_s) * 50), frequency=TONES[name])
    return [(name, unit) for unit in shifted(units, round(start_s * NS))]


def say(segmenter: Segmenter, *said: Sequence[tuple[str, PlainUnit]]) -> None:
    """Gives everybody's packets at their times, ticking as the recorder does."""
    now = 0
    for name, unit in sorted((one for part in said for one in part), key=lambda one: one[1].arrival_ns):
        while now + 50 * MS <= unit.arrival_ns:
            now += 50 * MS
            segmenter.tick(now)
        segmenter.add_audio(unit.data, unit.arrival_ns, name)


@pytest.fixture
def recorded(tmp_path: Path) -> Recorded:
    return Recorded(tmp_path)


def test_everybody_who_speaks_is_heard_at_their_time_in_both_renditions(recorded: Recorded) -> None:
    segmenter = recorded.segmenter()
    say(segmenter, voice("ann", 0, 6), voice("bob", 2, 4), voice("cay", 3, 5))
    segmenter.finish()
    for track in ("opus", "aac"):
        start, sound = recorded.audio(track)
        sound = np.concatenate([np.zeros(start, np.float32), sound])
        assert_heard(sound, 0.2, 1.9, "ann")
        assert_heard(sound, 2.1, 2.9, "ann", "bob")
        assert_heard(sound, 3.1, 3.9, "ann", "bob", "cay")
        assert_heard(sound, 4.1, 4.9, "ann", "cay")
        assert_heard(sound, 5.1, 5.8, "ann")
        assert abs(recorded.index(track).duration_s - 6) < 0.03


def test_voice_is_where_it_was_spoken_to_the_millisecond(recorded: Recorded) -> None:
    segmenter = recorded.segmenter()
    said = [(name, unit) for name, unit in voice("ann", 0, 4)]
    click = [("bob", unit) for unit in shifted(opus_units(100, frequency=1000.0, from_packet=50), NS)]
    say(segmenter, said, click)
    segmenter.finish()
    for track in ("opus", "aac"):
        start, sound = recorded.audio(track)
        sound = np.concatenate([np.zeros(start, np.float32), sound])
        levels = [strength(sound, 1000.0, 1.9 + n / 1000, 1.91 + n / 1000) for n in range(200)]
        began_s = 1.9 + next(n for n, level in enumerate(levels) if level > 0.18) / 1000 + 0.005
        # The publisher's own encoder looks ahead: what it was given at 2 s comes out 6.5 ms later.
        assert abs(began_s - 2 - opus.PRE_SKIP / RATE) < 0.004, track


def test_voice_that_is_muted_is_gone_and_the_others_and_the_picture_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vtp.recording.recorder.TICK_S", 0.0)
    clock = FastClock()
    recorder = Recorder(tmp_path / "r", "r", now_ns=clock)
    video, _ = prepared_source("video", h264_units(180), lambda: clock.now, start_ns=NS)
    taps = []
    for name, from_s in (("ann", 1), ("bob", 1)):
        units = opus_units(300, frequency=TONES[name])
        source, tap = prepared_source("audio", units, lambda: clock.now, start_ns=from_s * NS, name=name)
        recorder.add_source(source)
        taps.append(tap)
    recorder.add_source(video)
    clock.at(4 * NS, lambda: recorder.remove_source("bob"))
    clock.at(7 * NS + 100 * MS, recorder.stop)
    assert run(recorder).failure == ""
    recorded = Recorded(recorder.directory)
    assert [number for _, number in recorded.brightness()] == [n % 64 for n in range(180)]
    for track in ("opus", "aac"):
        _, sound = recorded.audio(track)
        assert_heard(sound, 0.2, 2.8, "ann", "bob")
        assert_heard(sound, 3.2, 5.7, "ann")
        assert not any(segment.gap for segment in recorded.index(track).segments)
    assert all(tap.closed for tap in taps)


def test_nobody_sends_only_when_the_last_voice_is_gone(recorded: Recorded) -> None:
    """The presenter's picture and sound end; somebody who asks goes on."""
    segmenter = recorded.segmenter()
    say(segmenter, voice("ann", 0, 2), voice("bob", 1, 5))
    segmenter.finish()
    assert not any(segment.gap for segment in recorded.index("opus").segments)
    _, sound = recorded.audio("opus")
    assert_heard(sound, 2.2, 4.8, "bob")


def test_lost_packets_of_one_are_silence_of_theirs_alone(recorded: Recorded) -> None:
    segmenter = recorded.segmenter()
    lossy = [one for number, one in enumerate(voice("bob", 0, 4)) if not 100 <= number < 130]
    say(segmenter, voice("ann", 0, 4), lossy)
    segmenter.finish()
    _, sound = recorded.audio("opus")
    assert_heard(sound, 0.2, 1.95, "ann", "bob")
    assert_heard(sound, 2.1, 2.5, "ann")
    assert_heard(sound, 2.7, 3.8, "ann", "bob")


def frames(mixer: Mixer, seconds: float) -> Iterator[Sound]:
    """The mix, mono, in pieces."""
    until = mixer.end + round(seconds * RATE)
    while mixer.end < until:
        piece = mixer.mix(mixer.end + FRAME_TICKS)
        assert piece is not None
        yield piece[:, 0] / np.float32(32_768)


def test_of_more_voices_than_are_mixed_the_loudest_are_heard() -> None:
    mixer = Mixer(0, places=2)
    for name in TONES:
        for number, unit in enumerate(opus_units(200, frequency=TONES[name])):
            mixer.add(name, unit.data, number * 960)
    mixer.receive_levels({"ann": bytes([30]), "bob": bytes([20]), "cay": bytes([60])})
    mixer.receive_levels({name: bytes([127] * 50) for name in TONES})  # the first seconds are over
    mixer.receive_levels({"ann": bytes([30]), "bob": bytes([20]), "cay": bytes([60])})
    first = np.concatenate(list(frames(mixer, 2)))
    mixer.receive_levels({"ann": bytes([127] * 60), "cay": bytes([25])})
    second = np.concatenate(list(frames(mixer, 2)))
    assert_heard(first, 0.1, 1.9, "ann", "bob")
    assert_heard(second, 0.1, 1.9, "bob", "cay")


def test_one_who_is_little_louder_takes_no_place() -> None:
    mixer = Mixer(0, places=1)
    for name in ("ann", "bob"):
        for number, unit in enumerate(opus_units(100, frequency=TONES[name])):
            mixer.add(name, unit.data, number * 960)
    mixer.receive_levels({"ann": bytes([127] * 60 + [30]), "bob": bytes([127] * 60 + [50])})
    list(frames(mixer, 0.5))
    mixer.receive_levels({"ann": bytes([30]), "bob": bytes([27])})
    assert_heard(np.concatenate(list(frames(mixer, 1))), 0.1, 0.9, "ann")


def test_silence_is_not_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    decoded: list[int] = []
    decode = OpusDecoder.decode

    def counted(decoder: OpusDecoder, samples: Sequence[Sample]) -> npt.NDArray[np.int16]:
        decoded.extend(len(sample.data) for sample in samples)
        return decode(decoder, samples)

    monkeypatch.setattr(OpusDecoder, "decode", counted)
    mixer = Mixer(0)
    for number in range(500):  # ten seconds, of DTX, of digital silence, and of somebody who says one thing
        if number % 20 == 0:
            mixer.add("dtx", b"\xf8", number * 960)
        mixer.add("silent", opus.SILENCE, number * 960)
    for number, unit in enumerate(opus_units(10)):
        mixer.add("ann", unit.data, (100 + number) * 960)
    sound = np.concatenate(list(frames(mixer, 10)))
    assert len(decoded) == 10, "hers"
    assert strength(sound, 440.0, 2.02, 2.18) > THERE
    assert not sound[3 * RATE :].any()


def test_mix_waits_for_who_speaks_but_not_for_who_is_silent_or_lost() -> None:
    mixer = Mixer(0)
    speech = opus_units(1)[0].data
    assert len(speech) > 3
    for name, packets in (("ann", 50), ("bob", 45)):
        for number in range(packets):
            mixer.add(name, speech, number * 960)
    now, expected = 60 * 960, 20 * 960
    assert mixer.certain(now, expected) == 45 * 960, "what Bob has sent"
    assert mixer.certain(50 * 960, expected) == 40 * 960, "200 ms for who begins to speak"
    assert mixer.certain(100 * 960, 47 * 960) == 50 * 960, "Bob is not heard of any more"
    mixer.add("bob", b"\xf8", 45 * 960)
    assert mixer.certain(now, expected) == 50 * 960, "Bob is silent"
    mixer.remove("bob")
    mixer.remove("ann")
    assert mixer.certain(now, expected) == expected


def test_who_comes_out_of_a_pause_late_loses_what_is_mixed_and_no_more() -> None:
    mixer = Mixer(0)
    units = opus_units(100, frequency=TONES["bob"])
    list(frames(mixer, 0.5))
    for number, unit in enumerate(units):
        mixer.add("bob", unit.data, number * 960)
    sound = np.concatenate(list(frames(mixer, 1.4)))
    assert_heard(sound, 0.05, 1.35, "bob")


@pytest.mark.parametrize("skew_ppm", [-200, 200])
def test_sound_stays_in_place_for_an_hour_with_another_clock(skew_ppm: int) -> None:
    clock, timeline = TrackClock(RATE, PublisherClock()), AudioTimeline()
    rate = 1 + skew_ppm / 1e6
    packet = opus_units(1)[0].data
    for number in range(3600 * 50):
        sent_ns = round(number * 20 * MS / rate)  # the publisher's 20 ms are not ours
        sample = timeline.add(packet, clock.place(number * 960, sent_ns + 20 * MS) * RATE // NS)
        assert sample is not None, "nothing is left out"
        assert abs(sample.time - (sent_ns + 20 * MS) * RATE / NS) < RATE / 100, "10 ms"


class Speaker:
    """Somebody in DTX whose clock runs `skew_ppm` fast, and who says something now and then."""

    def __init__(self, skew_ppm: float, hertz: float) -> None:
        self._rate = 1 + skew_ppm / 1e6
        self._words = opus_units(10, frequency=hertz)
        publisher = PublisherClock()
        self.picture, self._sound = TrackClock(90_000, publisher), TrackClock(RATE, publisher)

    def _stamp(self, at_ns: int, clock_rate: int) -> int:
        return round(at_ns * self._rate * clock_rate / NS)

    def report(self, at_ns: int) -> None:
        """RTCP of both streams."""
        ntp = ((3_900_000_000 * NS + round(at_ns * self._rate)) << 32) // NS
        for clock, clock_rate in ((self.picture, 90_000), (self._sound, RATE)):
            clock.receive_report(ntp, self._stamp(at_ns, clock_rate) & 0xFFFF_FFFF, at_ns + 20 * MS)

    def show(self, at_ns: int) -> int:
        """A picture, late as pictures are; gives where it is placed."""
        return self.picture.place(self._stamp(at_ns, 90_000), at_ns + 60 * MS)

    def send(self, mixer: Mixer, name: str, at_ns: int, words: bool) -> None:
        """Two tenths of a second of speech, or one packet of DTX."""
        for number, unit in enumerate(self._words if words else [PlainUnit(b"\xf8", 0, 0)]):
            sent_ns = at_ns + number * 20 * MS
            placed_ns = self._sound.place(self._stamp(sent_ns, RATE), sent_ns + 20 * MS)
            mixer.add(name, unit.data, placed_ns * RATE // NS)


def test_lips_fit_the_words_of_two_speakers_after_an_hour_with_clocks_that_differ() -> None:
    speakers = {"ann": Speaker(200, TONES["ann"]), "bob": Speaker(-200, TONES["bob"])}
    mixer, words = Mixer(0), 0
    for tick in range(0, 3601 * 1000, 400):
        at_ns = tick * MS
        speaks = tick % 600_000 == 599_600  # each ten minutes
        shown = {}
        for name, speaker in speakers.items():
            if tick % 4800 == 0:
                speaker.report(at_ns)
            shown[name] = speaker.show(at_ns)
            speaker.send(mixer, name, at_ns, speaks)
        if not speaks:
            mixer.mix((at_ns + 200 * MS) * RATE // NS)
            continue
        start = mixer.end
        mixed = mixer.mix((at_ns + 350 * MS) * RATE // NS)
        assert mixed is not None
        mono = mixed[:, 0] / np.float32(32_768)
        for name, hertz in TONES.items():
            if name in shown:
                begin_s = shown[name] / NS - start / RATE + 240 / RATE  # the limiter holds 5 ms
                levels = [strength(mono, hertz, n / 200, n / 200 + 0.02) for n in range(70)]
                heard_s = next(n for n, level in enumerate(levels) if level > 0.18) / 200 + 0.01
                assert abs(heard_s - begin_s) < 0.025, (name, tick)
                words += 1
    assert words == 12


def test_shouting_crowd_does_not_clip_and_a_quiet_voice_is_as_it_was() -> None:
    limiter, random = Limiter(), np.random.default_rng(5)
    loudness = np.repeat([0.2, 4.0, 0.1, 9.0, 0.3, 0.3, 0.3, 0.3, 0.3, 0.3], 10 * BLOCK_TICKS)[:, np.newaxis]
    noise = random.uniform(-32_768, 32_767, (len(loudness), 2)) * loudness
    sound = noise.astype(np.float32)
    pieces = [limiter.add(sound[at : at + 4 * BLOCK_TICKS]) for at in range(0, len(sound), 4 * BLOCK_TICKS)]
    mixed = np.concatenate([*pieces, limiter.finish()])
    assert len(mixed) == len(sound)
    assert np.abs(mixed).max() <= CEILING * 1.000001
    assert np.array_equal(mixed[: 8 * BLOCK_TICKS], sound[: 8 * BLOCK_TICKS])
    gains = mixed[:, 0] / np.where(sound[:, 0] == 0, 1, sound[:, 0])
    assert np.abs(np.diff(gains[np.abs(sound[:, 0]) > 100])).max() < 0.2, "no click"
    assert gains[40 * BLOCK_TICKS :][:BLOCK_TICKS].max() < 0.5 < gains[-1], "it comes back slowly"


def test_encoder_of_the_mix_keeps_every_tick_and_costs_nothing_for_silence() -> None:
    encoder = OpusEncoder(64_000, 4800)
    tone = (8000 * np.sin(np.arange(48_000) * 2 * np.pi * 440 / RATE)).astype(np.float32)
    sound = np.concatenate([np.repeat(tone[:, np.newaxis], 2, axis=1), np.zeros((48_000, 2), np.float32)])
    samples = [one for at in range(0, len(sound), 720) for one in encoder.add(sound[at : at + 720])]
    samples += encoder.finish()
    assert [one.time for one in samples] == [4800 + number * 960 for number in range(100)]
    assert all(one.data == opus.SILENCE for one in samples[54:])
    decoder = OpusDecoder()
    heard = decoder.decode(samples)[:, 0]
    best = max(range(-54, 55), key=lambda lag: float(heard[9600 + lag : 19_200 + lag] @ tone[9600:19_200]))
    assert abs(best) <= 2, "in step, to a period of the tone"
    edge = next(at for at in range(0, 48_000, 48) if np.abs(heard[at : at + 48]).max() > 2000)
    assert edge <= 600, "and not a packet late"


def test_opus_of_one_channel_becomes_two_and_one_again_and_nothing_is_heard_of_it() -> None:
    part, meet = 100, 150 + STEREO_FRAMES
    at = np.arange((meet + 100) * 960) / RATE
    loud = 6000 * np.abs(np.sin(2 * np.pi * 3 * at))
    sound = np.stack([loud * np.sin(2 * np.pi * hz * at) for hz in (440, 440)], axis=1).astype(np.float32)
    between = slice(part * 960, 150 * 960)
    sound[between, 1] = (loud * np.sin(2 * np.pi * 660 * at)).astype(np.float32)[between]
    encoder = OpusEncoder(64_000, 0)
    samples = [one for start in range(0, len(sound), 4800) for one in encoder.add(sound[start:][:4800])]
    is_stereo = [bool(one.data[0] & 4) for one in samples]
    assert [number for number, (a, b) in enumerate(pairwise(is_stereo)) if a != b] == [part - 2, meet - 1]
    decoder = OpusDecoder()
    heard = decoder.decode(samples).astype(np.float32)
    wrong = (heard - sound[: len(heard)]).reshape(-1, 960 * 2)
    off_db = 10 * np.log10((wrong**2).mean(axis=1) / (sound**2).mean())
    assert off_db[10:].max() < -25, "no packet is told by how it differs from one that was not there"


def test_packets_that_repeat_or_come_late_are_left_out() -> None:
    timeline = AudioTimeline()
    packet = opus_units(1)[0].data
    first = timeline.add(packet, 9600)
    assert first is not None and first.time == 9600
    assert timeline.add(packet, 9600) is None
    again = timeline.add(packet, 9600 + 962)
    assert again is not None and (again.time, again.duration) == (10_560, 962)
    assert again._replace(data=b"").end == timeline.end


def test_sound_is_cut_into_whole_frames_whatever_pieces_it_comes_in() -> None:
    line = np.arange(2 * 1000, dtype=np.float32).reshape(1000, 2)
    frames, got = WholeFrames(120), []
    for first, last in [(0, 7), (7, 7), (7, 130), (130, 490), (490, 1000)]:
        whole = frames.add(line[first:last])
        assert whole is None or (len(whole) and len(whole) % 120 == 0)
        got += [] if whole is None else [whole]
    assert np.array_equal(np.concatenate([*got, frames.rest()]), line)
    assert len(frames.rest()) == 0
