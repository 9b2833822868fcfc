"""Charts as tables whose cells are bars: they reflow with the window, read as tables, and need no script."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from statistics import median

from vtp.bench.report.entries import Entry
from vtp.bench.report.measures import FURTHER, MEASURES, Measure, value_of, write_number

CUT_AT = 8.0
"""Bars end at so many times the median: one overloaded server would leave the others no length to compare."""
_CUT_NOTE = "Bars with a pale end are longer than drawn."


def bars(measure: Measure, entries: Sequence[Entry]) -> str:
    """One figure of all servers, grouped by load; empty where nobody has it."""
    shown = [
        (entry, value) for entry in entries if (value := value_of(entry.figures, measure.path)) is not None
    ]
    if not shown:
        return ""
    if len(shown) == 1:
        return _alone(measure, *shown[0])
    end = _end([value for _, value in shown])
    groups = _rows_of_one(shown, end, measure) or _groups(shown, end, measure)
    cut = _CUT_NOTE if any(value > end for _, value in shown) else ""
    return (
        f"<figure><figcaption>{escape(measure.name)}, {escape(measure.unit)}</figcaption>"
        f"<table class=bars>{groups}</table>{_note(measure.note, cut)}</figure>"
    )


def _groups(shown: Sequence[tuple[Entry, float]], end: float, measure: Measure) -> str:
    """A group of rows for each load, a row for each server."""
    groups = ""
    for load in dict.fromkeys(entry.load for entry, _ in shown):
        rows = "".join(
            _bar(entry, entry.label, value, end, measure) for entry, value in shown if entry.load == load
        )
        head = f"<tr><th class=load colspan=2 scope=rowgroup>{escape(load)}</th></tr>" if load else ""
        groups += f"<tbody>{head}{rows}</tbody>"
    return groups


def _rows_of_one(shown: Sequence[tuple[Entry, float]], end: float, measure: Measure) -> str:
    """One server under several loads needs no groups; empty where there are more servers."""
    if len({entry.label for entry, _ in shown}) > 1:
        return ""
    head = f"<tr><th class=load colspan=2 scope=rowgroup>{escape(shown[0][0].label)}</th></tr>"
    rows = "".join(_bar(entry, entry.load or entry.label, value, end, measure) for entry, value in shown)
    return f"<tbody>{head}{rows}</tbody>"


def _end(values: Sequence[float]) -> float:
    """The value that a whole bar stands for."""
    middle = median(values)
    return min(max(values), CUT_AT * middle) if middle > 0 else max(values) or 1.0


def _note(*sentences: str) -> str:
    text = " ".join(sentence for sentence in sentences if sentence)
    return f"<p class=note>{escape(text)}</p>" if text else ""


def _alone(measure: Measure, entry: Entry, value: float) -> str:
    """One figure without another to compare it with needs no bar."""
    who = f"{entry.label}, {entry.load}" if entry.load else entry.label
    return (
        f"<figure><figcaption>{escape(measure.name)}</figcaption><p class=alone>{write_number(value)} "
        f"<small>{escape(measure.unit)}</small></p>{_note(f'{who}.', measure.note)}</figure>"
    )


def _bar(entry: Entry, label: str, value: float, end: float, measure: Measure) -> str:
    share = max(0.0, min(100.0, 100 * value / end))
    kind = ("ours" if entry.is_vtp else "other") + (" cut" if value > end else "")
    return (
        f'<tr><th scope=row>{escape(label)}</th><td><span class=track><span class="{kind}" '
        f'style="width:{share:.1f}%"></span></span><span class=value>{write_number(value)} '
        f"<small>{escape(measure.unit)}</small></span></td></tr>"
    )


def figures_table(scenario: str, entries: Sequence[Entry]) -> str:
    """Every figure of every server, with least and largest of the runs."""
    measures = dict.fromkeys((*MEASURES.get(scenario, ()), *FURTHER))
    head = "".join(
        f"<th scope=col>{escape(entry.label)}<br><small>{escape(entry.load)}</small></th>"
        for entry in entries
    )
    rows = ""
    for measure in measures:
        if any(value_of(entry.figures, measure.path) is not None for entry in entries):
            cells = "".join(f"<td>{_cell(entry, measure.path)}</td>" for entry in entries)
            rows += f"<tr><th scope=row>{escape(measure.name)}, {escape(measure.unit)}</th>{cells}</tr>"
    return (
        f"<div class=scroll><table><thead><tr><th></th>{head}</tr></thead><tbody>{rows}</tbody></table></div>"
    )


def _cell(entry: Entry, path: str) -> str:
    value = value_of(entry.figures, path)
    if value is None:
        return "–"
    spread = entry.spread(path)
    apart = f"<br><small>{write_number(spread[0])} to {write_number(spread[1])}</small>" if spread else ""
    return write_number(value) + apart
