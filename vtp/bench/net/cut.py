"""`cut`: a viewer's link goes from 5 to 0.5 and back to 5 Mbit/s, beside one whose link stays as it is."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from vtp.bench.load_figures import SourceFigures
from vtp.bench.net.lesson import Scene
from vtp.bench.net.network import Node
from vtp.bench.net.seen import layers_of, seen_by
from vtp.bench.net.targets import Target
from vtp.bench.watcher import Viewing

WIDE_BPS = 5e6
NARROW_BPS = 0.5e6
QUEUE_MS = 300.0
GRACE_S = 1.5
"""After the cut; from then on the queue and the losses count."""
CUT_AT, BACK_AT = 0.3, 0.55
"""Of the lesson."""
SAMPLE_S = 0.02
TARGETS = (
    Target("lower_layer_ms", 1_000),
    Target("queue_p95_ms", 200),
    Target("cut_loss_pct", 2),
    Target("longest_freeze_ms", 1_000),
    Target("top_again_ms", 8_000),
    Target("others.frames_rendered_pct", 99, at_least=True),
    Target("others.longest_freeze_ms", 0),
    Target("others.switches", 0),
)


@dataclass
class Bottleneck:
    """What is measured of a narrow link down while it lasts."""

    queue_ms: list[float] = field(default_factory=list)
    pushed: int = 0
    dropped: int = 0

    @property
    def loss_pct(self) -> float | None:
        return round(100 * self.dropped / self.pushed, 3) if self.pushed else None

    @property
    def queue_p95_ms(self) -> float | None:
        waits = sorted(self.queue_ms)
        return round(waits[int(0.95 * (len(waits) - 1))], 1) if waits else None


async def during(scene: Scene) -> None:
    """The first node of viewers is the one whose link is cut."""
    node = scene.nodes[0]
    lasts_s = (BACK_AT - CUT_AT) * scene.seconds
    await asyncio.sleep(CUT_AT * scene.seconds)
    scene.notes["cut_ns"] = time.time_ns()
    node.change(down={"rate_bps": NARROW_BPS})
    grace_s = min(GRACE_S, lasts_s / 2)
    await asyncio.sleep(grace_s)
    scene.notes["bottleneck"] = await watch(node, NARROW_BPS, lasts_s - grace_s)
    scene.notes["back_ns"] = time.time_ns()
    node.change(down={"rate_bps": WIDE_BPS})
    await asyncio.sleep((1 - BACK_AT) * scene.seconds)


async def watch(node: Node, rate_bps: float, seconds: float) -> Bottleneck:
    """Looks at the node's link down every 20 ms for so long."""
    found = Bottleneck()
    before = node.raw()["down"]
    for _ in range(max(1, round(seconds / SAMPLE_S))):
        await asyncio.sleep(SAMPLE_S)
        found.queue_ms.append(node.raw()["down"]["waiting_bytes"] * 8e3 / rate_bps)
    after = node.raw()["down"]
    found.pushed = after["pushed"] - before["pushed"]
    found.dropped = after["queue_dropped"] - before["queue_dropped"] + after["lost"] - before["lost"]
    return found


def judge(scene: Scene, published: SourceFigures, viewings: Sequence[Viewing]) -> Mapping[str, Any]:
    """Times from the changes of the link to what the viewer saw of them."""
    cut, other = viewings
    layers = layers_seen(cut, published.marks)
    top = len(published.marks) - 1
    seen, undisturbed = (seen_by(one, published.frames) for one in viewings)
    bottleneck: Bottleneck = scene.notes["bottleneck"]
    since_ns = scene.notes["cut_ns"]
    return {
        **{name: seen.get(name) for name in ("frames_rendered_pct", "freeze_pct", "longest_freeze_ms")},
        "layer_before_cut": layer_at(layers, since_ns),
        "lower_layer_ms": lower_after_ms(layers, since_ns, scene.notes["back_ns"]),
        "top_again_ms": reached_after_ms(layers, scene.notes["back_ns"], top),
        "queue_p95_ms": bottleneck.queue_p95_ms,
        "cut_loss_pct": bottleneck.loss_pct,
        "others": {
            **{name: undisturbed.get(name) for name in ("frames_rendered_pct", "longest_freeze_ms")},
            "switches": sum(at_ns > since_ns for at_ns, _ in layers_seen(other, published.marks)),
        },
    }


def layers_seen(viewing: Viewing, marks: Sequence[int]) -> list[tuple[int, int]]:
    """As `layers_of` the picture; nothing when none came."""
    video = [stream for stream in viewing.streams if stream["kind"] == "video"]
    return layers_of(video[0], marks) if video else []


def layer_at(layers: Sequence[tuple[int, int]], at_ns: int) -> int | None:
    """What was shown then."""
    return next((layer for since_ns, layer in reversed(layers) if since_ns <= at_ns), None)


def lower_after_ms(layers: Sequence[tuple[int, int]], since_ns: int, until_ns: int) -> float | None:
    """How long it took until a lower layer than before was seen; None when none was."""
    before = layer_at(layers, since_ns)
    if before is None:
        return None
    return next(
        (_ms(at - since_ns) for at, layer in layers if since_ns < at < until_ns and layer < before), None
    )


def reached_after_ms(layers: Sequence[tuple[int, int]], since_ns: int, wanted: int) -> float | None:
    """How long it took until a layer was seen again; None when it never was, or had never gone."""
    if layer_at(layers, since_ns) == wanted:
        return None
    return next((_ms(at - since_ns) for at, layer in layers if at > since_ns and layer == wanted), None)


def _ms(ns: int) -> float:
    return round(ns / 1e6, 1)
