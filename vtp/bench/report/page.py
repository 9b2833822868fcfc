"""The page: a sentence that says it all, charts, all figures, how and where it was measured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

from vtp.bench.report.charts import bars, figures_table
from vtp.bench.report.entries import (
    Entry,
    Missing,
    entries_of,
    missing_of,
    scenario_of,
    server_label,
    steps_of,
)
from vtp.bench.report.measures import BEHIND, CPU, LOSS, MEASURES, value_of, write_number
from vtp.bench.report.style import STYLE

_TITLES = {
    "forward": "Forwarding one lecture",
    "saturate": "As many lectures as it bears",
    "meeting": "A meeting",
    "join": "Joining a lecture",
    "idle": "Doing nothing",
    "record": "Recording",
    "api": "Answering the API",
    "courses": "Reading what is in courses",
    "stuffing": "Trying stolen passwords",
    "hls": "A class watched over HTTP",
    "revocations": "Taking rights away at another process",
}

OVERLOADED_PCT = 1.0
"""A server that loses more than this is not in the first sentence: what it left undone cost it nothing."""
_FACTS = {"memory_mb": "memory, MB", "openssl": "OpenSSL", "python": "Python", "cores": "processor cores"}


def write_report(results: Mapping[str, Any] | Sequence[Mapping[str, Any]], path: Path) -> None:
    """Writes the HTML report of one or several results (`vtp.bench.results.Results`). Raises OSError.

    Several are a list, or stand under "scenarios".
    """
    if isinstance(results, Mapping):
        results = results.get("scenarios") or [results]
    path.write_text(render(list(results)), encoding="utf-8")


def render(results: Sequence[Mapping[str, Any]]) -> str:
    """The report as HTML. Results of one scenario share its charts."""
    scenarios = dict.fromkeys(scenario_of(result) for result in results)
    grouped = [(name, [r for r in results if scenario_of(r) == name]) for name in scenarios]
    body = "".join(_scenario(name, found) for name, found in grouped)
    headline = "".join(
        f"<p class=lead>{text}</p>" for name, found in grouped if (text := _headline(name, found))
    )
    return (
        '<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content="width=device-width">'
        f"<title>vtp benchmark</title><style>{STYLE}</style><main><h1>vtp benchmark</h1>{headline}"
        f"{body}{_where(results)}</main></html>\n"
    )


def _headline(name: str, results: Sequence[Mapping[str, Any]]) -> str:
    """What was measured against what, with the ratio; empty where there is nothing to say."""
    if name == "saturate":
        return _saturated([entry for result in results for entry in entries_of(result)])
    entries = [entry for result in _of_one_machine(results) for entry in entries_of(result)]
    load = _compared_load(entries)
    here = [e for e in entries if e.load == load and value_of(e.figures, CPU.path) and not _overloaded(e)]
    ours = [e for e in here if e.is_vtp]
    others = [e for e in here if not e.is_vtp]
    others.sort(key=lambda e: value_of(e.figures, CPU.path) or 0)
    if name not in ("forward", "meeting") or not ours:
        return ""
    own = value_of(ours[0].figures, CPU.path) or 0
    under = "in a meeting" if name == "meeting" else f"to {load}" if load else ""
    text = f"{escape(ours[0].label)} forwards a packet {under} for <b>{write_number(own)} µs</b> of CPU time"
    if others:
        best = value_of(others[0].figures, CPU.path) or 0
        text += (
            f", {escape(others[0].label)} for <b>{write_number(best)} µs</b>: "
            f"<b>{best / own:.1f} times</b> as much, under the same load on the same machine"
        )
    gathering = [e for e in ours[1:] if e.label != ours[0].label]
    if gathering:
        least = value_of(gathering[0].figures, CPU.path) or 0
        text += f"; {escape(gathering[0].label)}: <b>{write_number(least)} µs</b>"
        if others:
            text += f", of which {escape(others[0].label)} takes <b>{best / least:.1f} times</b> as much"
    return text + "."


def _of_one_machine(results: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Those from where peers were measured, else from where the first was: only they can be compared."""
    first = next((r for r in results if any(not e.is_vtp for e in entries_of(r))), results[0])
    return [result for result in results if result.get("machine") == first.get("machine")]


def _overloaded(entry: Entry) -> bool:
    return any((value_of(entry.figures, one.path) or 0) > OVERLOADED_PCT for one in (LOSS, BEHIND))


def _compared_load(entries: Sequence[Entry]) -> str:
    """The largest load under which a peer was measured too; where there was none, the largest."""
    loads = [entry.load for entry in entries]
    compared = [entry.load for entry in entries if not entry.is_vtp]
    return max(compared or loads, key=_size, default="")


def _size(load: str) -> int:
    first = load.split()[0] if load else ""
    return int(first) if first.isdecimal() else 0


def _saturated(entries: Sequence[Entry]) -> str:
    rates = [
        f"{escape(entry.label)} forwards <b>{write_number(rate)} packets a second</b> on one core"
        for entry in entries
        if (rate := value_of(entry.figures, "saturation.packets_per_s_per_core"))
    ]
    return "; ".join(rates) + "." if rates else ""


def _scenario(name: str, results: Sequence[Mapping[str, Any]]) -> str:
    servers = [entry for result in results for entry in entries_of(result)]
    entries = [step for result in results for step in steps_of(result)] if name == "saturate" else servers
    entries = sorted(entries, key=lambda e: (_size(e.load), not e.is_vtp))
    charts = "".join(bars(measure, entries) for measure in MEASURES.get(name, ()))
    return (
        f"<section><h2>{escape(_TITLES.get(name, name))}</h2>{_pattern(results)}{_gone(missing_of(results))}"
        f"{_saturation(servers)}<div class=charts>{charts}</div>{_operations(entries)}"
        f"<details><summary>All figures, with the spread of the runs</summary>{figures_table(name, entries)}"
        f"</details></section>"
    )


def _pattern(results: Sequence[Mapping[str, Any]]) -> str:
    pattern = results[0].get("pattern") or {}
    text = str(pattern.get("text", "")) if isinstance(pattern, Mapping) else ""
    sizes = results[0].get("packet_bytes")
    if sizes and not text:
        text = f"Video packets of {min(sizes)} to {max(sizes)} bytes of RTP."
    network = str(results[0].get("network") or "")
    said = [text, f"Network: {network}" if network else ""]
    words = " ".join(f"{sentence.rstrip('.')}." for sentence in said if sentence)
    return f"<p>{escape(words)}</p>" if words else ""


def _gone(missing: Sequence[Missing]) -> str:
    items = "".join(
        f"<li>{escape(gone.label)} {_how_gone(gone)}: {escape(gone.reason)}</li>" for gone in missing
    )
    return f"<ul class=gone>{items}</ul>" if items else ""


def _how_gone(gone: Missing) -> str:
    return f"failed in {gone.failed_runs} of the runs" if gone.failed_runs else "was not measured"


def _operations(entries: Sequence[Entry]) -> str:
    """The API's operations: they have two figures each, and no peer."""
    rows = ""
    for entry in entries:
        for name, times in (entry.figures.get("api") or {}).items():
            cells = "".join(
                f"<td>{write_number(times[key]) if times.get(key) is not None else '–'}</td>"
                for key in ("p50", "p95")
            )
            on = f" on {entry.load}" if entry.load else ""
            rows += f"<tr><th scope=row>{escape(name + on)}</th>{cells}</tr>"
    if not rows:
        return ""
    return (
        "<div class=scroll><table><thead><tr><th>Operation</th><th>median, ms</th><th>95 of 100, ms</th></tr>"
        f"</thead><tbody>{rows}</tbody></table></div>"
    )


def _saturation(entries: Sequence[Entry]) -> str:
    texts = ""
    for entry in entries:
        found = entry.figures.get("saturation")
        if isinstance(found, Mapping) and found.get("packets_per_s_per_core"):
            rate = write_number(float(found["packets_per_s_per_core"]))
            how = f"{found.get('how', '')}: {found.get('limit', '')}"
            texts += (
                f"<p>{escape(entry.label)}: <b>{rate}</b> packets per second on one core ({escape(how)})</p>"
            )
    return texts


def _where(results: Sequence[Mapping[str, Any]]) -> str:
    """How, where and with what it was measured."""
    machine = dict(results[0].get("machine") or {})
    versions: dict[str, Any] = {}
    for result in results:
        versions |= result.get("versions") or {}
    facts = {_FACTS.get(str(k), str(k)): v for k, v in machine.items()}
    facts |= {f"{server_label(str(k))} version": v for k, v in versions.items()}
    rows = "".join(
        f"<dt>{escape(k.replace('_', ' '))}</dt><dd>{escape(str(v))}</dd>" for k, v in facts.items()
    )
    commands = "".join(f"<pre>{escape(str(r.get('command', '')))}</pre>" for r in results if r.get("command"))
    dates = ", ".join(dict.fromkeys(_minute(str(r["started_at"])) for r in results if r.get("started_at")))
    return f"""<section><h2>How it was measured</h2><ul>
<li>Every figure is the median of its runs{_how_many(results)}. Server and load client share this
machine; the client's own processor time is in the table of all figures and is not the server's.</li>
<li>CPU time is the user and system time of all processes of a server, from the kernel's accounting.</li>
<li>Each viewer is a client of its own with ICE, DTLS, AES-GCM, receiver reports and transport-wide feedback.
All packets are counted and timed by the kernel's receive timestamps, a sample is authenticated.</li>
<li>All duties of the server were on: retransmission history, reports, transport-wide numbers.</li></ul>
<h3>Commands</h3>{commands}<h3>Machine and versions</h3><dl>{rows}</dl><p>{escape(dates)}</p></section>"""


def _minute(started_at: str) -> str:
    """ISO 8601 in UTC, without seconds."""
    return f"{started_at[:16].replace('T', ' ')} UTC"


def _how_many(results: Sequence[Mapping[str, Any]]) -> str:
    """The number of runs, where the results tell it."""
    counts = sorted({len({run.get("run") for run in r["runs"]}) for r in results if r.get("runs")})
    return f" ({' or '.join(str(count) for count in counts)} of each)" if counts else ""
