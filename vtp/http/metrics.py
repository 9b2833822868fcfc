"""Prometheus metrics of the process: HTTP, the event loop, and whatever features add to the registry."""

from __future__ import annotations

import asyncio
import time
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping
from itertools import accumulate

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Gauge,
    Histogram,
    Info,
    ProcessCollector,
    generate_latest,
)
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from vtp import __version__

LOOP_PROBE_S = 0.1
_LAG_BUCKETS = (
    *(0.0005, 0.001, 0.002, 0.003, 0.004, 0.005, 0.0075, 0.01, 0.015, 0.02, 0.025),
    *(0.05, 0.1, 0.25, 1.0),
)
_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class NumberCollector(Collector):
    """Reads a feature's numbers when Prometheus asks for them: gauges for what stands, else counters."""

    def __init__(
        self,
        prefix: str,
        about: str,
        read: Callable[[], Mapping[str, float]],
        standing: Collection[str] | None,
    ) -> None:
        self._prefix = prefix
        self._about = about
        self._read = read
        self._standing = standing

    def collect(self) -> Iterator[Metric]:
        """One family per number; a counter's sample ends in `_total`."""
        for name, value in self._read().items():
            about = f"{self._about} {name.replace('_', ' ').capitalize()}."
            standing = self._standing is None or name in self._standing
            family = GaugeMetricFamily if standing else CounterMetricFamily
            yield family(f"{self._prefix}_{name}", about, value=value)


class LabelledCollector(Collector):
    """Reads one gauge for each of several like things, told apart by a label."""

    def __init__(self, name: str, about: str, label: str, read: Callable[[], Mapping[str, float]]) -> None:
        self._name = name
        self._about = about
        self._label = label
        self._read = read

    def collect(self) -> Iterator[Metric]:
        """One family with a sample per thing."""
        family = GaugeMetricFamily(self._name, self._about, labels=[self._label])
        for value, number in self._read().items():
            family.add_metric([value], number)
        yield family


class _Times:
    """How long requests of one route have taken: counts by `_BUCKETS`, the last of what took longer."""

    __slots__ = ("counts", "sum_s")

    def __init__(self) -> None:
        self.counts = [0] * (len(_BUCKETS) + 1)
        self.sum_s = 0.0


class RequestCounts(Collector):
    """Requests answered, by method, route and status, and their times by route. On the event loop alone: it
    counts thousands a second, without the locks of the library's own.
    """

    def __init__(self) -> None:
        self._counts: dict[tuple[str, str, int], int] = defaultdict(int)
        self._times: dict[str, _Times] = {}

    def add(self, method: str, route: str, status: int, took_s: float) -> None:
        """One more."""
        self._counts[method, route, status] += 1
        times = self._times.get(route)
        if times is None:
            times = self._times[route] = _Times()
        times.counts[bisect_left(_BUCKETS, took_s)] += 1
        times.sum_s += took_s

    def collect(self) -> Iterator[Metric]:
        """Both families."""
        labels = ["method", "route", "status"]
        requests = CounterMetricFamily("vtp_http_requests", "HTTP requests answered.", labels=labels)
        for (method, route, status), number in self._counts.items():
            requests.add_metric([method, route, str(status)], number)
        yield requests
        about = "Time from a request's head to its answer."
        seconds = HistogramMetricFamily("vtp_http_request_seconds", about, labels=["route"])
        for route, times in self._times.items():
            bounds = [*map(repr, _BUCKETS), "+Inf"]
            buckets = list(zip(bounds, map(float, accumulate(times.counts)), strict=True))
            seconds.add_metric([route], buckets, times.sum_s)
        yield seconds


class HttpMetrics:
    """Counts of requests and the lag of the event loop, in a registry of this process's own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        Info("vtp", "The running version.", registry=self.registry).info({"version": __version__})
        self._requests = RequestCounts()
        self.registry.register(self._requests)
        self._lag = Gauge(
            "vtp_loop_lag_seconds", "How late the event loop was at the last look.", registry=self.registry
        )
        self._delays = Histogram(
            "vtp_loop_delay_seconds",
            "How late the event loop ran a timer, of ten looks a second.",
            buckets=_LAG_BUCKETS,
            registry=self.registry,
        )

    def observe(self, method: str, route: str, status: int, took_s: float) -> None:
        """Counts one answered request; `route` is the declared path, never the requested one."""
        self._requests.add(method if method in _METHODS else "OTHER", route, status, took_s)

    async def watch_loop(self) -> None:
        """Measures for ever how late the loop runs a timer."""
        while True:
            due_s = time.monotonic() + LOOP_PROBE_S
            await asyncio.sleep(LOOP_PROBE_S)
            late_s = max(0.0, time.monotonic() - due_s)
            self._lag.set(late_s)
            self._delays.observe(late_s)

    def add_numbers(
        self,
        prefix: str,
        about: str,
        read: Callable[[], Mapping[str, float]],
        standing: Collection[str] | None = None,
    ) -> None:
        """Exposes the numbers that `read` gives as gauges `<prefix>_<name>`.

        With `standing` only those named there are; the rest count up and end in `_total`.
        """
        self.registry.register(NumberCollector(prefix, about, read, standing))

    def add_labelled(
        self, name: str, about: str, label: str, read: Callable[[], Mapping[str, float]]
    ) -> None:
        """Exposes a gauge `name` with a sample for each key that `read` gives, as the value of `label`."""
        self.registry.register(LabelledCollector(name, about, label, read))

    def render(self) -> tuple[bytes, str]:
        """The text exposition and its content type."""
        return generate_latest(self.registry), CONTENT_TYPE_LATEST
