"""A lesson over an emulated network: `vtp serve` in one node, publisher and viewers in others."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, TypedDict

from vtp.bench.client_dtls import Identity
from vtp.bench.driver import ClientDriver
from vtp.bench.load import Lecture, SourceFigures
from vtp.bench.net.cast import Audience, Teacher
from vtp.bench.net.direction import Direction
from vtp.bench.net.door import door
from vtp.bench.net.network import Network, Node
from vtp.bench.net.report import NetworkFigures
from vtp.bench.net.seen import SeenFigures, seen_by, worst_of
from vtp.bench.net.targets import Standing, Target, standings
from vtp.bench.vtp_server import VtpServer
from vtp.bench.watcher import Viewing

ROOM = "lecture"
PATTERN = Lecture(packets_per_frame=4)
"""25 frames a second of 4 packets of 1,100 to 1,200 bytes, 0.9 Mbit/s, and 50 packets of sound."""
PUBLISHER_LATE_MS = 50.0
"""Later than this is more than a frame: the machine's doing, seen by every viewer."""
SERVER = ("10.66.0.1/24", "fd66::1/64")


@dataclass(frozen=True)
class Access:
    """A node's link: up is towards the server."""

    up: Direction = field(default_factory=Direction)
    down: Direction = field(default_factory=Direction)
    viewers: int = 1
    """That share it."""
    nat: bool = False
    """Behind a NAT of the node's own."""


@dataclass
class Scene:
    """A lesson under way, for what happens in it and what is made of it."""

    server: VtpServer
    teacher: Teacher
    audiences: Sequence[Audience]
    """One for each node of viewers."""
    seconds: float
    seed: int
    notes: dict[str, Any] = field(default_factory=dict)
    """What was measured on the way, for `Lesson.judge`."""
    publisher_late_ms: float | None = None
    """By how much, until the scenario itself kept it from sending; None: until the end."""

    @property
    def nodes(self) -> list[Node]:
        return [audience.node for audience in self.audiences]


@dataclass(frozen=True)
class Lesson:
    """What is set up, what happens while it runs, and what it should show."""

    text: str
    """What it is about, in a sentence."""
    publisher: Access
    viewers: Sequence[Access]
    during: Callable[[Scene], Coroutine[Any, Any, None]] | None = None
    """Called once media flows; the lesson ends when it is done. Without it nothing happens for `seconds`."""
    judge: Callable[[Scene, SourceFigures, Sequence[Viewing]], Mapping[str, Any]] | None = None
    """The scenario's own figures."""
    pattern: Lecture = PATTERN
    targets: Sequence[Target] = ()


class LessonFigures(TypedDict, total=False):
    """What came of a lesson: the worst viewer at the top, each by itself below; and the scenario's own."""

    text: str
    void: str | None
    """Why it does not count; None when it does."""
    frames_rendered_pct: float
    freeze_pct: float
    longest_freeze_ms: float
    viewers: list[SeenFigures]
    targets: list[Standing]
    seed: int
    seconds: float
    published: dict[str, Any]
    emulator: NetworkFigures


def run_lesson(lesson: Lesson, *, seed: int, seconds: float) -> LessonFigures:
    """Raises NetworkError, PeerProcessError, PeerError, RefusedError, ConnectError."""
    with contextlib.ExitStack() as stack:
        network = stack.enter_context(Network(seed))
        server = network.add("server", *SERVER)
        teacher = network.add("publisher", "10.66.1.2/24", up=lesson.publisher.up, down=lesson.publisher.down)
        nodes = [
            network.add(f"viewer-{number}", f"10.66.{number + 1}.2/24", up=access.up, down=access.down)
            for number, access in enumerate(lesson.viewers, 1)
        ]
        for number, (node, access) in enumerate(zip(nodes, lesson.viewers, strict=True), 1):
            if access.nat:
                node.hide(f"203.0.113.{number}")
        stack.enter_context(server.place.entered())
        figures = asyncio.run(_hold(lesson, server, teacher, nodes, seconds, seed))
        emulator = network.report()
    figures["seed"] = seed
    figures["void"] = emulator["void"] or figures["void"]
    figures["emulator"] = emulator
    figures["targets"] = standings(lesson.targets, figures)
    return figures


def _why_void(scene: Scene, published: SourceFigures) -> str | None:
    """A publisher that itself was late makes viewers freeze."""
    late_ms = published.latest_ms if scene.publisher_late_ms is None else scene.publisher_late_ms
    if late_ms <= PUBLISHER_LATE_MS:
        return None
    return f"The publisher sent up to {late_ms:.0f} ms late: run it on a machine with less to do."


async def _hold(
    lesson: Lesson, server: Node, teacher: Node, nodes: Sequence[Node], seconds: float, seed: int
) -> LessonFigures:
    """In the server's namespace, the cast in theirs."""
    serving = VtpServer(server.address)
    async with ClientDriver(Identity()) as driver:
        try:
            await serving.start(driver)
            async with door(server.address, int(serving.url.rpartition(":")[2])) as port:
                base = f"http://localhost:{port}"
                teaching = Teacher(teacher, server.address, f"{base}/whip/{ROOM}", lesson.pattern)
                watching = [
                    Audience(node, server.address, f"{base}/whep/{ROOM}", access.viewers)
                    for node, access in zip(nodes, lesson.viewers, strict=True)
                ]
                return await _play(lesson, Scene(serving, teaching, watching, seconds, seed))
        finally:
            await serving.stop()


async def _play(lesson: Lesson, scene: Scene) -> LessonFigures:
    members = [scene.teacher, *scene.audiences]
    for member in members:
        member.begin()
    try:
        await asyncio.gather(*(member.ready() for member in members))
        scene.teacher.cue()
        await (lesson.during(scene) if lesson.during is not None else asyncio.sleep(scene.seconds))
        scene.teacher.end()
        published: SourceFigures = await scene.teacher.done()
    finally:
        for member in members:
            member.end()
        await asyncio.gather(*(member.done() for member in members), return_exceptions=True)
    viewings = [viewing for audience in scene.audiences for viewing in await audience.done()]
    return _figures(lesson, scene, published, viewings)


def _figures(
    lesson: Lesson, scene: Scene, published: SourceFigures, viewings: Sequence[Viewing]
) -> LessonFigures:
    seen = [seen_by(viewing, published.frames, published.marks) for viewing in viewings]
    figures = LessonFigures(
        text=lesson.text,
        void=_why_void(scene, published),
        viewers=seen,
        seconds=scene.seconds,
        published=asdict(published),
    )
    figures.update(worst_of(seen))  # type: ignore[typeddict-item]
    if lesson.judge is not None:
        figures.update(lesson.judge(scene, published, viewings))  # type: ignore[typeddict-item]
    return figures
