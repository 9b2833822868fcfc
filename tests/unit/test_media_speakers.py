"""Who is dominant, and who is loud: both observers, fed with levels of 20 ms."""

import random

import pytest

from vtp.media.audio_levels import NOTHING, AudioLevelObserver, Volume, Volumes
from vtp.media.speakers import ActiveSpeakerObserver

SPEECH, NOISE = 28, 75  # -dBov


def observer(*producers: str) -> ActiveSpeakerObserver:
    made = ActiveSpeakerObserver()
    for one in producers:
        made.add(one)
    return made


def hear(watch: ActiveSpeakerObserver, ms: int, **levels: int) -> int | None:
    """All at these levels for a while; after how many ms somebody else was dominant first, if so."""
    before, first = watch.dominant, None
    for at in range(0, ms, 20):
        watch.receive({one: bytes([level]) for one, level in levels.items()}, 1)
        if first is None and watch.dominant != before:
            first = at + 20
    return first


def talk(watch: ActiveSpeakerObserver, who: str, ms: int, seed: int = 1, **others: int) -> None:
    """Words of 100 to 500 ms with gaps of 40 to 200 ms between them."""
    draw = random.Random(seed)
    while ms > 0:
        word, gap = draw.randrange(100, 500, 20), draw.randrange(40, 200, 20)
        hear(watch, word, **{**others, who: SPEECH + draw.randrange(-6, 6)})
        hear(watch, gap, **{**others, who: NOISE})
        ms -= word + gap


def test_first_who_speaks_is_dominant_within_half_a_second() -> None:
    watch = observer("ada", "sam")
    hear(watch, 2_000, ada=NOISE, sam=NOISE)
    assert watch.dominant is None
    took = hear(watch, 2_000, ada=SPEECH, sam=NOISE)
    assert watch.dominant == "ada" and took is not None and took <= 500


def test_who_answers_takes_over_within_eight_tenths() -> None:
    watch = observer("ada", "sam")
    hear(watch, 3_000, ada=SPEECH, sam=NOISE)
    took = hear(watch, 2_000, ada=NOISE, sam=SPEECH)
    assert watch.dominant == "sam" and took is not None and took <= 800


@pytest.mark.parametrize("cough_ms", [100, 200, 300])
def test_cough_does_not_switch_not_even_in_silence(cough_ms: int) -> None:
    watch = observer("ada", "sam")
    hear(watch, 3_000, ada=SPEECH, sam=NOISE)
    hear(watch, 2_000, ada=NOISE, sam=NOISE)
    hear(watch, cough_ms, ada=NOISE, sam=10)
    hear(watch, 2_000, ada=NOISE, sam=NOISE)
    assert watch.dominant == "ada"


def test_cough_in_a_pause_between_sentences_does_not_switch() -> None:
    watch = observer("ada", "sam")
    for seed in range(20):
        talk(watch, "ada", 3_000, seed, sam=NOISE)
        hear(watch, 100, ada=NOISE, sam=NOISE)
        hear(watch, 340, ada=NOISE, sam=15)
        assert watch.dominant == "ada"


def test_who_speaks_over_somebody_does_not_switch_while_that_one_goes_on() -> None:
    watch = observer("ada", "sam")
    talk(watch, "ada", 3_000, sam=NOISE)
    hear(watch, 5_000, ada=SPEECH, sam=SPEECH - 10)
    assert watch.dominant == "ada"


def test_short_gaps_of_who_speaks_are_no_chance_for_one_who_murmurs_with_gaps() -> None:
    watch = observer("ada", "sam")
    talk(watch, "ada", 3_000, sam=NOISE)
    for seed in range(10):
        hear(watch, 400, ada=SPEECH, sam=NOISE)
        hear(watch, 120, ada=NOISE, sam=SPEECH + seed)
        assert watch.dominant == "ada"


def test_who_stops_before_they_would_take_over_does_not() -> None:
    watch = observer("ada", "sam")
    hear(watch, 3_000, ada=SPEECH, sam=NOISE)
    hear(watch, 580, ada=NOISE, sam=SPEECH)
    hear(watch, 2_000, ada=NOISE, sam=NOISE)
    assert watch.dominant == "ada"


def test_who_makes_short_sounds_all_the_time_is_not_taken_over_from() -> None:
    watch = observer("ada", "sam")
    hear(watch, 3_000, ada=SPEECH, sam=NOISE)
    for _ in range(30):
        hear(watch, 40, ada=SPEECH, sam=SPEECH)
        hear(watch, 60, ada=NOISE, sam=SPEECH)
    assert watch.dominant == "ada"


def test_who_was_active_for_less_of_the_last_second_does_not_take_over_in_a_gap() -> None:
    watch = observer("ada", "sam")
    hear(watch, 3_000, ada=SPEECH, sam=NOISE)
    for _ in range(5):
        for ada, sam in zip("1111111110", "0011100111", strict=True):
            hear(watch, 100, ada=SPEECH if ada == "1" else NOISE, sam=SPEECH if sam == "1" else NOISE)
    assert watch.dominant == "ada"


def test_taking_over_needs_two_tenths_of_a_second_more_than_the_other_had() -> None:
    watch = observer("ada", "sam")
    hear(watch, 3_000, ada=SPEECH, sam=NOISE)
    for ada, sam in zip("1111100000", "0000111111", strict=True):
        hear(watch, 100, ada=SPEECH if ada == "1" else NOISE, sam=SPEECH if sam == "1" else NOISE)
    assert watch.dominant == "ada", "0.6 s against 0.5 s"
    hear(watch, 100, ada=NOISE, sam=SPEECH)
    assert watch.dominant == "sam"


def test_typing_is_no_speech() -> None:
    watch = observer("ada")
    for _ in range(50):
        hear(watch, 40, ada=SPEECH)
        hear(watch, 60, ada=NOISE)
    assert watch.dominant is None


def test_who_has_finished_stays_until_somebody_else_speaks() -> None:
    watch = observer("ada", "sam")
    hear(watch, 1_000, ada=SPEECH, sam=NOISE)
    hear(watch, 60_000, ada=NOISE, sam=NOISE)
    assert watch.dominant == "ada"


def test_noise_that_does_not_end_is_no_speech() -> None:
    watch = observer("fan", "ada")
    hear(watch, 20_000, fan=45, ada=NOISE)
    hear(watch, 2_000, fan=45, ada=SPEECH)
    assert watch.dominant == "ada"
    hear(watch, 5_000, fan=45, ada=NOISE)
    assert watch.dominant == "ada"


def test_noise_that_comes_again_after_a_pause_of_its_packets_is_no_speech() -> None:
    watch = observer("fan")
    watch.receive({"fan": bytes([66] * 1000)}, 1000)
    for level in range(66, 45, -1):
        hear(watch, 1_500, fan=level)
    assert watch.dominant is None
    hear(watch, 1_000)
    hear(watch, 3_000, fan=46)
    assert watch.dominant is None


def test_soft_voice_is_heard_after_noise_has_ended() -> None:
    watch = observer("ada", "sam")
    hear(watch, 60_000, ada=52, sam=NOISE)
    hear(watch, 2_000, ada=NOISE, sam=SPEECH)
    hear(watch, 2_000, ada=50, sam=NOISE)
    assert watch.dominant == "ada"


def test_noise_of_a_room_after_digital_silence_is_no_speech() -> None:
    watch = observer("ada")
    hear(watch, 2_000, ada=126)
    hear(watch, 2_000, ada=NOISE)
    assert watch.dominant is None


def test_what_is_little_over_the_noise_is_no_speech() -> None:
    watch = observer("ada")
    hear(watch, 2_000, ada=NOISE)
    hear(watch, 1_000, ada=57)
    assert watch.dominant is None


def test_of_two_who_may_take_over_it_is_who_has_spoken_longer() -> None:
    watch = observer("ada", "kim", "sam")
    hear(watch, 3_000, ada=SPEECH, kim=NOISE, sam=NOISE)
    hear(watch, 400, ada=SPEECH, kim=NOISE, sam=SPEECH)
    hear(watch, 500, ada=SPEECH, kim=SPEECH, sam=SPEECH)
    watch.remove("ada")
    hear(watch, 100, kim=SPEECH, sam=SPEECH)
    assert watch.dominant == "sam"


def test_steady_loud_sound_still_counts_after_a_minute() -> None:
    watch = observer("ada", "flute")
    hear(watch, 60_000, ada=NOISE, flute=20)
    hear(watch, 2_000, ada=SPEECH, flute=NOTHING)
    assert watch.dominant == "ada"
    hear(watch, 2_000, ada=NOISE, flute=20)
    assert watch.dominant == "flute"


def test_packets_of_sixty_ms_count_as_whole() -> None:
    watch = observer("ada")
    for _ in range(20):
        watch.receive({"ada": bytes([SPEECH, NOTHING, NOTHING])}, 3)
    assert watch.dominant == "ada"


def test_who_sends_nothing_is_silent() -> None:
    watch = observer("ada", "sam")
    hear(watch, 1_000, ada=SPEECH)
    took = hear(watch, 2_000, sam=SPEECH)
    assert watch.dominant == "sam" and took is not None and took <= 800


def test_levels_in_portions_give_the_same_as_one_by_one() -> None:
    whole, parts = observer("ada", "sam"), observer("ada", "sam")
    ada = bytes([SPEECH] * 30 + [NOISE] * 50)
    sam = bytes([NOISE] * 30 + [SPEECH] * 50)
    whole.receive({"ada": ada, "sam": sam}, 80)
    for at in range(0, 80, 10):
        parts.receive({"ada": ada[at : at + 10], "sam": sam[at : at + 10]}, 10)
    assert whole.dominant == parts.dominant == "sam"


def test_end_of_the_dominant_one_is_told_and_another_follows() -> None:
    watch = observer("ada", "sam")
    hear(watch, 1_000, ada=SPEECH, sam=NOISE)
    assert watch.remove("sam") is None
    gone = watch.remove("ada")
    assert gone is not None and gone.producer_id is None and watch.dominant is None
    watch.add("kim")
    told = watch.receive({"kim": bytes([SPEECH] * 30)}, 30)
    assert told is not None and told.producer_id == "kim"


def test_volumes_name_the_loudest_first_and_no_more_than_asked() -> None:
    watch = AudioLevelObserver(threshold_dbov=-60, interval_ms=1000, max_entries=2)
    levels = {
        "ada": bytes([30] * 25),
        "sam": bytes([20] * 25),
        "kim": bytes([40] * 25),
        "leo": bytes([61] * 25),
    }
    assert watch.receive(levels, 25) is None
    assert watch.receive(levels, 25) == Volumes((Volume("sam", -20), Volume("ada", -30)))


def test_silence_is_told_once() -> None:
    watch = AudioLevelObserver(threshold_dbov=-60, interval_ms=200)
    assert watch.receive({"ada": bytes([90] * 10)}, 10) is None
    assert watch.receive({"ada": bytes([30] * 10)}, 10) == Volumes((Volume("ada", -30),))
    assert watch.receive({"ada": bytes([90] * 10)}, 10) == Volumes(())
    assert watch.receive({}, 10) is None


def test_volumes_are_told_once_an_interval() -> None:
    watch = AudioLevelObserver(threshold_dbov=-60, interval_ms=400)
    levels = {"ada": bytes([30] * 10)}
    assert [watch.receive(levels, 10) is not None for _ in range(6)] == [False, True] * 3


def test_volume_is_the_average_of_what_was_said() -> None:
    watch = AudioLevelObserver(interval_ms=400)
    said = watch.receive({"ada": bytes([20] * 10 + [40] * 10)}, 20)
    assert said == Volumes((Volume("ada", -30),))
    gaps = watch.receive({"ada": bytes([30, NOTHING] * 10)}, 20)
    assert gaps == Volumes((Volume("ada", -30),))


def test_few_packets_are_no_volume() -> None:
    watch = AudioLevelObserver(interval_ms=400)
    assert watch.receive({"ada": bytes([30] * 9 + [NOTHING] * 11)}, 20) is None


def test_who_is_gone_is_not_listed() -> None:
    watch = AudioLevelObserver(interval_ms=400)
    watch.receive({"ada": bytes([30] * 10)}, 10)
    watch.remove("ada")
    assert watch.receive({}, 10) is None
