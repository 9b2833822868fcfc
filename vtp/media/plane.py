"""The media plane of one process: its Workers, its certificates, and the routers made on them."""

from __future__ import annotations

import asyncio
import ctypes
import logging
import os
import resource
from collections.abc import Callable
from typing import Any

from vtp import _rtp_fast
from vtp.errors import StartupError
from vtp.media.capabilities import router_codecs
from vtp.media.certificates import Certificates
from vtp.media.ice import choose_addresses, interface_addresses
from vtp.media.media_thread import adjust_together
from vtp.media.ortc import generate_router_capabilities
from vtp.media.placement import choose_for_newcomer, choose_home
from vtp.media.plain_ports import PlainPorts
from vtp.media.router import Router
from vtp.media.turns import Turns
from vtp.media.worker import MediaWorker
from vtp.settings import MediaSettings, Settings
from vtp.tasks import Tasks

logger = logging.getLogger(__name__)

TRIM_INTERVAL_S = 60.0
MEASURE_INTERVAL_S = 1.0
HIGHEST_PORT = 65535
MAX_ADDRESSES = 15  # sockets that one compiled Worker watches
MOST_TCP_CONNECTIONS = 8192  # of one worker


class MediaPlane:
    """Built once by `start_media`; `close()` ends every router and joins the threads."""

    def __init__(
        self,
        workers: list[MediaWorker],
        room_spill: float = 1.0,
        floor_places: int = 0,
        plain_ports: PlainPorts | None = None,
    ) -> None:
        self.workers = workers
        self._room_spill = room_spill
        self._floor_places = floor_places
        self._plain_ports = plain_ports
        self.rtp_capabilities = generate_router_capabilities(router_codecs())
        self._certificates = Certificates()
        self._tasks = Tasks()
        self._data_turns = Turns()
        self._routers: set[Router] = set()

    @property
    def is_alive(self) -> bool:
        """Whether there is a running worker for another room."""
        return bool(self._alive)

    def start(self) -> None:
        """Starts the workers and the housekeeping."""
        for number, worker in enumerate(self.workers):
            worker.start()
            if worker.thread is not None:
                logger.info("Media thread %d has %s.", number, worker.thread.precedence.value)
        self._tasks.start(_trim_memory(), "media memory")
        self._tasks.start(self._measure(), "media load")

    def create_router(self, worker: MediaWorker | None = None) -> Router:
        """A router on `worker`, or on the least loaded one. Raises RuntimeError when none is left."""
        if not self._alive:
            raise RuntimeError("No media worker is running.")
        self._routers = {router for router in self._routers if not router.closed}
        router = Router(
            worker or choose_home(self._alive),
            self.rtp_capabilities,
            self._certificates,
            self._tasks,
            place=self._place_newcomer,
            data_turns=self._data_turns,
            floor_places=self._floor_places,
            plain_ports=self._plain_ports,
        )
        self._routers.add(router)
        return router

    @property
    def _alive(self) -> list[MediaWorker]:
        return [worker for worker in self.workers if not worker.is_closed]

    def _place_newcomer(self, router: Router) -> MediaWorker:
        return choose_for_newcomer(router.worker, router.workers, self._alive, self._room_spill)

    async def _measure(self) -> None:
        while True:
            for worker in self.workers:
                worker.measure()
            adjust_together({w.thread: w.meter.busy for w in self._alive if w.thread is not None})
            await asyncio.sleep(MEASURE_INTERVAL_S)

    STANDING = frozenset(
        {"routers", "transports", "producers", "consumers", "replaying", "pipes", "tcp_connections"}
    )
    """Those of the metrics that say how many there are now; all others only count up."""

    def metrics(self) -> dict[str, int]:
        """Sums of all workers' counters, and how many objects there are."""
        sums: dict[str, int] = {"routers": sum(not router.closed for router in self._routers)}
        for worker in self.workers:
            if worker.is_closed:
                continue
            for name, value in (worker.counters() | _object_counts(worker)).items():
                sums[name] = sums.get(name, 0) + value
        return sums

    def worker_figures(self, read: Callable[[MediaWorker], float]) -> dict[str, float]:
        """What `read` says of each worker, by its number."""
        return {str(number): read(worker) for number, worker in enumerate(self.workers)}

    async def close(self) -> None:
        """Closes all routers, waits for their tasks and joins the workers' threads."""
        for router in list(self._routers):
            router.close("The server is shutting down.")
        await self._tasks.close()
        for worker in self.workers:
            worker.close()


def _object_counts(worker: MediaWorker) -> dict[str, int]:
    return {
        "transports": len(worker.transports),
        "producers": len(worker.producers),
        "consumers": len(worker.consumers),
    }


async def start_media(settings: Settings) -> MediaPlane:
    """Binds the media ports and starts the workers. Raises StartupError with a sentence."""
    media = settings.media
    _check_cpus(media.cpus)
    count = media.workers or len(os.sched_getaffinity(0))
    _check_ports(media.udp_port, count)
    try:
        addresses = choose_addresses(media.host, await asyncio.to_thread(interface_addresses))
    except ValueError as error:
        raise StartupError(f"The setting media.host is wrong: {error}") from error
    if len(addresses) > MAX_ADDRESSES:
        logger.warning("Media listens on the first %d of %d addresses.", MAX_ADDRESSES, len(addresses))
        addresses = addresses[:MAX_ADDRESSES]
    workers: list[MediaWorker] = []
    try:
        for index in range(count):
            workers.append(_open_worker(media, addresses, index, _room_for_tcp(count)))
    except StartupError:
        for worker in workers:
            worker.close()
        raise
    ports = _plain_ports(settings, addresses[0])
    plane = MediaPlane(workers, media.room_spill, media.heard_at_once, ports)
    plane.start()
    return plane


def _plain_ports(settings: Settings, bound: str) -> PlainPorts:
    """Plain RTP is taken where other media is, unless `[plain]` says otherwise."""
    plain, announced = settings.plain, settings.media.announced_addresses
    host = plain.host or bound
    usual = next((one for one in announced if (":" in one) == (":" in host)), host)
    return PlainPorts(host, plain.port_range, plain.announced_address or (host if plain.host else usual))


def _check_cpus(cpus: list[int]) -> None:
    usable = os.sched_getaffinity(0)
    if missing := sorted(set(cpus) - usable):
        raise StartupError(
            f"The setting media.cpus names processor {missing[0]}, which this process cannot use; "
            f"it has {', '.join(map(str, sorted(usable)))}."
        )


def _check_ports(first: int, workers: int) -> None:
    if first and first + workers - 1 > HIGHEST_PORT:
        raise StartupError(
            f"The setting media.udp_port is {first}, and {workers} workers need a port each from there on; "
            f"{HIGHEST_PORT - workers + 1} is the highest that leaves room for them."
        )


def _room_for_tcp(workers: int) -> int:
    """Connections of each worker: half of the files that this process may open are left for all else."""
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if files == resource.RLIM_INFINITY:
        return MOST_TCP_CONNECTIONS
    return max(1, min(files // 2 // workers, MOST_TCP_CONNECTIONS))


def _open_worker(media: MediaSettings, addresses: list[str], index: int, tcp_connections: int) -> MediaWorker:
    port = media.udp_port + index if media.udp_port else 0
    threaded = media.threads > 0
    try:
        core = _rtp_fast.Worker(
            [(address, port) for address in addresses],
            threaded=threaded,
            receive_buffer_bytes=media.receive_buffer_bytes,
            send_buffer_bytes=media.send_buffer_bytes,
            ring_packets_video=media.ring_packets_video,
            ring_packets_audio=media.ring_packets_audio,
            max_incoming_bitrate_bps=media.max_incoming_bitrate_bps,
            merge=media.segmentation_offload,
            gather_ms=media.gather_ms,
            gather_viewers=media.gather_viewers,
            tcp=media.tcp,
            tcp_connections=tcp_connections,
            tcp_connections_per_address=media.tcp_connections_per_address,
        )
    except OSError as error:
        raise StartupError(
            f"The media port ({'UDP and TCP' if media.tcp else 'UDP'} {port} on {', '.join(addresses)}) "
            f"cannot be opened: "
            f"{error.strerror or error}. "
            "Stop what uses it, or choose another with media.udp_port and media.host."
        ) from error
    try:
        return MediaWorker(
            core,
            asyncio.get_running_loop(),
            threaded=threaded,
            announced=media.announced_addresses,
            cpus=[media.cpus[index % len(media.cpus)]] if media.cpus else [],
            preferred=media.priority == "high",
        )
    except ValueError as error:
        core.close()
        raise StartupError(f"The setting media.announced_addresses is wrong: {error}") from error


async def _trim_memory() -> None:
    """Gives freed memory of ended handshakes back to the system; glibc keeps it otherwise."""
    trim = _malloc_trim()
    while trim is not None:
        await asyncio.sleep(TRIM_INTERVAL_S)
        await asyncio.to_thread(trim, 0)


def _malloc_trim() -> Callable[[int], Any] | None:
    """glibc's function, or None where the C library has none."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is None:
        return None
    trim.argtypes = [ctypes.c_size_t]
    trim.restype = ctypes.c_int
    function: Callable[[int], Any] = trim
    return function
