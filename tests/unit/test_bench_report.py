"""The report: it says what was measured against what, needs nothing from outside, and bears gaps."""

from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from vtp.bench.report import render, write_report


def figures(cpu: float, delay: float) -> dict[str, Any]:
    return {
        "cpu_us_per_packet": cpu,
        "packets_per_s": 60_000,
        "loss_pct": 0.0,
        "delay_ms": {"p50": delay, "p95": delay * 2, "p99": delay * 3},
        "rss_kb_per_subscriber": 55.5,
    }


def sample(**changes: Any) -> dict[str, Any]:
    peers = {"janus": {"as_shipped": figures(18.0, 2.0), "event_loops_2": figures(9.6, 1.75)}}
    point = {"subscribers": 200, "vtp": figures(2.4, 0.6), "peers": peers}
    runs = [
        {
            "server": "vtp",
            "variant": "",
            "run": i,
            "point": {"subscribers": 200},
            "figures": figures(2.3 + i / 10, 0.6),
        }
        for i in range(3)
    ]
    return {
        "scenario": "forward",
        **point,
        "series": [point],
        "runs": runs,
        "command": "vtp bench forward --subscribers 200 --peer janus",
        "machine": {"processor": "Sample <CPU>", "cores": 2},
        "versions": {"vtp": "1.0", "janus": "1.1.2"},
        "packet_bytes": [1100, 1200],
    } | changes


class Reader(HTMLParser):
    """Collects tags and the words between them."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.words += data


def read(page: str) -> Reader:
    reader = Reader()
    reader.feed(page)
    return reader


def test_the_first_sentence_has_both_figures_and_their_ratio() -> None:
    words = read(render([sample()])).words
    assert "vtp forwards a packet to 200 subscribers for 2.40 µs of CPU time" in words
    assert "Janus, event_loops = 2 for 9.60 µs: 4.0 times as much" in words


def test_every_figure_and_the_spread_of_the_runs_are_on_the_page() -> None:
    words = read(render([sample()])).words
    for expected in ("18.0", "9.60", "0.60", "1.75", "55.5", "2.30 to 2.50", "Janus, as shipped"):
        assert expected in words, expected


def test_the_page_needs_nothing_from_outside(tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    write_report([sample()], path)
    reader = read(path.read_text())
    assert {tag for tag, _ in reader.tags}.isdisjoint({"script", "link", "img", "iframe"})
    assert not any(name in attributes for _, attributes in reader.tags for name in ("src", "href"))
    assert "@import" not in path.read_text() and "url(" not in path.read_text()


def test_a_peer_that_could_not_be_had_is_named_with_its_reason() -> None:
    gone = {"galene": {"unavailable": "The module is not served here."}}
    point = {"subscribers": 50, "vtp": figures(2.5, 0.2), "peers": gone}
    words = read(render([sample(series=[point])])).words
    assert "Galene was not measured: The module is not served here." in words


def test_gathering_stands_beside_the_plain_run() -> None:
    plain = sample(series=[{"subscribers": 200, "vtp": figures(2.4, 0.6)}])
    gathered = sample(
        settings={"VTP_MEDIA__GATHER_MS": "10"},
        series=[{"subscribers": 200, "vtp": figures(1.6, 9.0)}],
        runs=[],
    )
    words = read(render([plain, gathered])).words
    assert "vtp, gathering 10 ms: 1.60 µs." in words


def test_missing_figures_leave_gaps_and_no_charts() -> None:
    page = render(
        [{"scenario": "idle", "vtp": {"cpu_share_pct": 1.2, "rss_mb": None}}, {"scenario": "record"}]
    )
    words = read(page).words
    assert "1.20" in words and "Memory of the idle process" not in words


def test_what_comes_from_the_machine_is_escaped() -> None:
    page = render([sample(command="vtp bench <forward> & more")])
    assert "Sample &lt;CPU&gt;" in page and "&lt;forward&gt; &amp; more" in page


def test_operations_of_the_api_have_a_table() -> None:
    figures_of_api = {"requests_per_s": 200, "api": {"login": {"p50": 20.0, "p95": 41.5}}}
    words = read(render([{"scenario": "api", "vtp": figures_of_api}])).words
    assert "login" in words and "41.5" in words


def test_results_under_scenarios_share_one_page(tmp_path: Path) -> None:
    path = tmp_path / "all.html"
    idle = {"scenario": "idle", "vtp": {"cpu_share_pct": 1.2}}
    write_report({"scenarios": [sample(), idle]}, path)
    words = read(path.read_text()).words
    assert "Forwarding one lecture" in words and "Doing nothing" in words


def test_a_peer_that_loses_packets_is_not_the_one_to_beat() -> None:
    overloaded = figures(4.8, 400.0) | {"loss_pct": 30.9}
    peers = {"janus": {"as_shipped": overloaded, "event_loops_2": figures(9.6, 1.75)}}
    words = read(
        render([sample(series=[{"subscribers": 200, "vtp": figures(2.4, 0.6), "peers": peers}])])
    ).words
    assert "Janus, event_loops = 2 for 9.60 µs: 4.0 times as much" in words
    assert "30.9" in words


def test_a_bar_far_beyond_the_others_is_cut_and_the_page_says_so() -> None:
    peers = {"janus": {"as_shipped": figures(9.0, 400.0), "event_loops_2": figures(9.6, 1.75)}}
    cut = read(render([sample(series=[{"subscribers": 200, "vtp": figures(2.4, 0.6), "peers": peers}])]))
    assert "Bars with a pale end are longer than drawn." in cut.words
    assert "longer than drawn" not in read(render([sample()])).words


def test_every_bar_has_its_server_and_its_value_in_words() -> None:
    page = render([sample()])
    rows = [row for row in page.split("<tr>") if "class=track" in row]
    assert len(rows) == 3 * 6
    for row in rows:
        words = read(row).words
        assert ("vtp" in words or "Janus" in words) and any(c.isdigit() for c in words)


def test_changed_settings_are_in_the_name_of_the_run() -> None:
    changed = sample(settings={"VTP_MEDIA__WORKERS": "2"})
    assert "vtp, media__workers = 2 forwards a packet" in read(render([changed])).words


def test_a_climb_to_saturation_has_its_own_part_and_is_compared_with_nobody() -> None:
    steps = [{"subscribers": n * 200, **figures(3.0 / n, 1.0)} for n in (1, 2)]
    found = {"packets_per_s_per_core": 486_571, "how": "measured", "limit": "", "steps": steps}
    climbed = sample(series=[{"subscribers": 200, "vtp": figures(1.5, 9.0) | {"saturation": found}}], runs=[])
    climbed["vtp"] = climbed["series"][0]["vtp"]
    words = read(render([sample(), climbed])).words
    assert "2.40 µs of CPU time, Janus" in words
    assert "vtp forwards 486\u2009571 packets a second on one core." in words
    climb = words[words.index("As many lectures as it bears") :]
    assert climb.index("200 subscribers3.00 µs") < climb.index("400 subscribers1.50 µs")


def test_the_first_sentence_is_about_the_largest_load_that_a_peer_had_too() -> None:
    alone = sample(series=[{"subscribers": 500, "vtp": figures(2.0, 2.0)}], runs=[])
    assert "to 200 subscribers for 2.40 µs" in read(render([sample(), alone])).words
    assert "to 500 subscribers for 2.00 µs" in read(render([alone])).words


def test_the_largest_load_is_the_one_with_the_largest_number() -> None:
    large, small = (
        sample()["series"][0],
        sample()["series"][0] | {"subscribers": 50, "vtp": figures(5.0, 1.0)},
    )
    assert "to 200 subscribers for 2.40 µs" in read(render([sample(series=[large, small])])).words


def test_vtp_is_not_in_the_first_sentence_either_when_it_loses_packets_or_falls_behind() -> None:
    for key in ("loss_pct", "outstanding_pct"):
        point = {"subscribers": 200, "vtp": figures(2.4, 0.6) | {key: 40.0}}
        assert "forwards a packet" not in read(render([sample(series=[point])])).words


def test_a_peer_that_falls_behind_is_not_the_one_to_beat() -> None:
    slow = figures(0.5, 2.0) | {"outstanding_pct": 60.0}
    peers = {"janus": {"as_shipped": figures(18.0, 2.0), "event_loops_2": slow}}
    words = read(render([sample(series=[sample()["series"][0] | {"peers": peers}])])).words
    assert "Janus, as shipped for 18.0 µs: 7.5 times as much" in words


def test_figures_of_two_machines_or_meetings_are_not_compared() -> None:
    other = sample(series=[{"subscribers": 200, "vtp": figures(0.1, 0.1)}], machine={"processor": "Other"})
    assert "for 2.40 µs of CPU time, Janus" in read(render([other, sample()])).words
    peers = sample()["peers"]
    small = {"participants": 3, "visible": 2, "vtp": figures(1.0, 1.0)}
    large = {"participants": 30, "visible": 9, "vtp": figures(4.8, 1.0), "peers": peers}
    pages = [sample(scenario="meeting", series=[point], runs=[]) for point in (small, large)]
    words = read(render(pages)).words
    assert "in a meeting for 4.80 µs of CPU time, Janus, event_loops = 2 for 9.60 µs: 2.0 times" in words
