"""Where files run several at a time, the longest begin first: one that begins last is waited for by all."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

LONGEST = (
    "tests/fuzz/test_fuzz_openapi.py",
    "tests/api/test_live_session.py",
    "tests/api/test_streams.py",
    "tests/api/test_backup.py",
    "tests/api/test_class_rights.py",
    "tests/api/test_shell_start.py",
    "tests/api/test_recordings_ended_views.py",
    "tests/api/test_recordings_live.py",
    "tests/api/test_accounts_turns.py",
    "tests/api/test_accounts_second_factor.py",
    "tests/api/test_class_malformed.py",
    "tests/api/test_accounts_cli.py",
    "tests/api/test_signalling_socketio.py",
    "tests/api/test_class_polls.py",
    "tests/api/test_accounts_lockout.py",
    "tests/api/test_accounts_recovery.py",
    "tests/api/test_shell_classes.py",
    "tests/media/test_bench_cli.py",
    "tests/e2e/test_throttled_live.py",
    "tests/e2e/classes/test_class_page.py",
    "tests/e2e/test_calls_between_two.py",
    "tests/e2e/test_player_pages.py",
    "tests/e2e/test_socketio_mediasoup.py",
    "tests/e2e/test_class_of_thirty.py",
    "tests/e2e/test_term_story.py",
    "tests/e2e/test_quiz_pages.py",
    "tests/e2e/test_watching_told.py",
    "tests/e2e/classes/test_class_connections.py",
    "tests/e2e/test_live_codecs.py",
    "tests/e2e/classes/test_class_large.py",
    "tests/media/test_network_scenarios.py",
    "tests/media/test_bench_network_cli.py",
    "tests/e2e/test_account_pages.py",
    "tests/e2e/test_pages.py",
    "tests/e2e/test_dash_players.py",
    "tests/e2e/test_analytics_pages.py",
    "tests/media/test_doctor_command.py",
    "tests/media/test_doctor_nat.py",
    "tests/e2e/classes/test_class_direct.py",
    "tests/e2e/test_players_codecs.py",
    "tests/e2e/test_low_latency.py",
    "tests/media/test_media_recording.py",
    "tests/e2e/test_provider_pages.py",
    "tests/e2e/test_course_pages.py",
    "tests/e2e/test_layers_chromium.py",
    "tests/e2e/test_throttled_players.py",
    "tests/media/test_media_rungs.py",
    "tests/media/test_bench_runs.py",
    "tests/e2e/test_player_tracks.py",
    "tests/e2e/test_captions_players.py",
    "tests/e2e/test_edge.py",
    "tests/e2e/test_clip_sync.py",
    "tests/e2e/classes/test_class_tcp.py",
    "tests/e2e/classes/test_class_turn.py",
    "tests/media/test_homed_hosts.py",
    "tests/media/test_publish_watch.py",
    "tests/media/test_media_hand_over.py",
)


def put_longest_first(items: list[pytest.Item], longest: Sequence[str] = LONGEST) -> None:
    """Files that are named in their order, then the others in theirs."""
    place = {file: at for at, file in enumerate(longest)}
    items.sort(key=lambda item: place.get(item.nodeid.partition("::")[0], len(place)))
