"""The benchmark's report: one HTML file that needs nothing else, from the JSON of `vtp bench`."""

from vtp.bench.report.page import render, write_report

__all__ = ["render", "write_report"]
