#!/usr/bin/env bash
# All tests with small seeded counts, in at most 20 minutes on two cores: unit tier first, browsers last.
# Of tests with many cases some are drawn, by DRAW_SEED or anew each time; all cases are in `make test-long`.
# Tests of the whole server have SQLite or PostgreSQL here, drawn likewise, one of four PostgreSQL; both in `make test-long`.
# What measures nothing runs some files at a time, the longest first, with more of them than there are processors because
# they wait for much; the pages' own tests run beside units. What measures runs alone, in one
# copy, so that a test that stands still is ended there too. Of both kinds, what failed is tried once more
# with nothing beside it, and told of in either case. A tier that fails ends no other.
set -uo pipefail
cd "$(dirname "$0")/.."
export PATH="$PWD/.venv/bin:$PATH"
unset PYTHONDONTWRITEBYTECODE  # what one process has compiled, the hundreds after it need not
export DRAW_SEED="${DRAW_SEED:-$(od -An -N4 -tu4 /dev/urandom | tr -d ' ')}"  # all tiers draw by it, and each prints it
export LD_PRELOAD=libeatmydata.so  # nobody waits for a disk: tests kill processes, not the machine's power
source scripts/test-folder.sh
pytest=(.venv/bin/python -m pytest --drawn)
status=0
tier() { echo "· $1: $SECONDS s after the beginning"; }
.venv/bin/python -m scripts.protocol_types --check || status=$?
(cd web && npm run --silent check && npm test --silent) > .make/web-tests.log 2>&1 &
pages=$!
if [ $# -eq 0 ]; then
  tier "Units, fuzzing, the API"
  "${pytest[@]}" tests/unit tests/fuzz tests/api --one-database --copies 4 || status=$?
fi
wait "$pages" || status=$?
cat .make/web-tests.log
if [ $# -gt 0 ]; then
  "${pytest[@]}" "$@" || status=$?
  exit $status
fi
# Whose outcome hangs on no time, processor or memory of their own.
beside=(
  tests/e2e/classes/test_class_captions.py
  tests/e2e/classes/test_class_connections.py
  tests/e2e/classes/test_class_direct.py
  tests/e2e/classes/test_class_goes.py
  tests/e2e/classes/test_class_large.py
  tests/e2e/classes/test_class_late.py
  tests/e2e/classes/test_class_late_picture.py
  tests/e2e/classes/test_class_looked_back.py
  tests/e2e/classes/test_class_layers.py
  tests/e2e/classes/test_class_network.py
  tests/e2e/classes/test_class_page.py
  tests/e2e/classes/test_class_restart.py
  tests/e2e/classes/test_class_tcp.py
  tests/e2e/classes/test_class_turn.py
  tests/e2e/classes/test_class_voices.py
  tests/e2e/test_account_pages.py
  tests/e2e/test_analytics_pages.py
  tests/e2e/test_calls_between_two.py
  tests/e2e/test_captions_players.py
  tests/e2e/test_check_page.py
  tests/e2e/test_class_of_thirty.py
  tests/e2e/test_clip_sync.py
  tests/e2e/test_course_pages.py
  tests/e2e/test_coursework_pages.py
  tests/e2e/test_dash_players.py
  tests/e2e/test_data_chromium.py
  tests/e2e/test_docs_page.py
  tests/e2e/test_download_chromium.py
  tests/e2e/test_edge.py
  tests/e2e/test_ffmpeg_whip.py
  tests/e2e/test_invitation_pages.py
  tests/e2e/test_live_codecs.py
  tests/e2e/test_notification_pages.py
  tests/e2e/test_pages.py
  tests/e2e/test_player_pages.py
  tests/e2e/test_player_tracks.py
  tests/e2e/test_program_switch.py
  tests/e2e/test_protocol_examples.py
  tests/e2e/test_provider_pages.py
  tests/e2e/test_quiz_pages.py
  tests/e2e/test_pymediasoup.py
  tests/e2e/test_recording_hlsjs.py
  tests/e2e/test_refused_pages.py
  tests/e2e/test_sdp_chromium.py
  tests/e2e/test_sfu_mediasoup.py
  tests/e2e/test_socketio_mediasoup.py
  tests/e2e/test_socketio_resume.py
  tests/e2e/test_storyboard_shaka.py
  tests/e2e/test_term_story.py
  tests/e2e/test_trash_page.py
  tests/e2e/test_usage_page.py
  tests/e2e/test_watching_told.py
  tests/media/test_bench_api.py
  tests/media/test_bench_courses.py
  tests/media/test_client_connects.py
  tests/media/test_client_full_ice.py
  tests/media/test_client_ice_roles.py
  tests/media/test_client_pair.py
  tests/media/test_commands_beside_full_pipes.py
  tests/media/test_doctor_command.py
  tests/media/test_doctor_nat.py
  tests/media/test_doctor_probes.py
  tests/media/test_doctor_web.py
  tests/media/test_homed_hosts.py
  tests/media/test_media_ffmpeg_whip.py
  tests/media/test_media_hand_over.py
  tests/media/test_media_recording.py
  tests/media/test_media_rungs.py
  tests/media/test_media_tcp.py
  tests/media/test_media_whip_whep.py
  tests/media/test_network_scenarios.py  # its bounds are those of a busy machine
  tests/media/test_packetized_pictures.py
  tests/media/test_plain_ffmpeg.py
  tests/media/test_publish_watch.py
  tests/media/test_publish_watch_cli.py
  tests/media/test_sdp_ffmpeg.py
  tests/media/test_sfu_meeting.py
  tests/media/test_simulcast_publish.py
  tests/media/test_tcp_sockets.py
  tests/media/test_turn_peers.py
  tests/media/test_two_workers.py
  tests/faults/test_calls_that_fail.py
  tests/faults/test_emulated_link_kill.py
  tests/faults/test_faults_accounts.py
  tests/faults/test_faults_database.py
  tests/faults/test_media_faults.py
  tests/faults/test_pipes_under_threads.py
  tests/faults/test_recording_kill.py
  tests/faults/test_runs_refused.py
  tests/faults/test_sqlite_kill.py
  tests/faults/test_tcp_under_threads.py
  tests/faults/test_two_processes.py
  tests/faults/test_webhooks_kill.py
)
# Who bears one other beside it, as each leaves a processor to the other; a file that is named nowhere runs alone.
paired=(
  tests/e2e/classes/test_class_speaker.py
  tests/e2e/test_join_delay.py
  tests/e2e/test_ladder_players.py
  tests/e2e/test_low_latency.py
  tests/e2e/test_players_codecs.py
  tests/e2e/test_publish_watch_load.py
  tests/e2e/test_red_chromium.py
  tests/e2e/test_throttled_live.py
  tests/e2e/test_throttled_players.py
  tests/faults/test_faults_outage.py
  tests/faults/test_thousand_sockets.py
  tests/media/test_bench_cli.py
  tests/media/test_bench_link_cli.py
  tests/media/test_bench_network_cli.py
  tests/media/test_bench_runs.py
  tests/media/test_emulated_link.py
  tests/media/test_emulated_roads.py
  tests/media/test_loss_through_server.py
  tests/media/test_quality_through_loss.py
)
together=("${beside[@]}" "${paired[@]}")
tier "Browsers, media and faults, three files at a time"
"${pytest[@]}" "${beside[@]}" --copies 3 --second-tries || status=$?
tier "What bears one other beside it"
"${pytest[@]}" "${paired[@]}" --copies 2 --second-tries || status=$?
tier "What measures"
"${pytest[@]}" tests/media tests/faults tests/e2e "${together[@]/#/--ignore=}" --copies 1 --second-tries || status=$?
tier "The end"
exit $status
