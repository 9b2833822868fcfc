"""What the metrics tell of the services."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from vtp.accounts.hash_turns import STANDING
from vtp.http.metrics import HttpMetrics
from vtp.media.plane import MediaPlane

if TYPE_CHECKING:
    from vtp.services import Services


def add_numbers(services: Services) -> None:
    """Has the metrics read what each service counts."""
    metrics, media = services.metrics, services.media
    services.jobs.add_metrics(metrics)
    metrics.add_numbers("vtp_media", "The packet path.", media.metrics, media.STANDING)
    metrics.add_numbers("vtp", "Classes.", _class_numbers(services))
    metrics.add_numbers(
        "vtp_hashes", "Passwords to be hashed.", services.accounts.passwords.numbers, STANDING
    )
    metrics.add_numbers("vtp_streams", "Live streams.", services.streams.numbers)
    metrics.add_numbers("vtp_recordings", "Recordings.", _recording_numbers(services), ("disk_free_bytes",))
    metrics.add_numbers("vtp_mails", "Mails.", services.mails.numbers)
    metrics.add_numbers("vtp_webhooks", "Webhooks.", services.deliveries.numbers, ("pending",))
    metrics.add_numbers("vtp_lrs", "The learning record store.", services.analytics.push.numbers, ())
    _add_worker_metrics(metrics, media)


def _add_worker_metrics(metrics: HttpMetrics, media: MediaPlane) -> None:
    def busy() -> dict[str, float]:
        return media.worker_figures(lambda worker: worker.meter.busy)

    def transports() -> dict[str, float]:
        return media.worker_figures(lambda worker: worker.transport_count)

    about = "Share of a processor that a media thread has used over the last seconds."
    metrics.add_labelled("vtp_media_worker_busy", about, "worker", busy)
    metrics.add_labelled("vtp_media_worker_transports", "Peers on a media thread.", "worker", transports)


def _recording_numbers(services: Services) -> Callable[[], dict[str, int]]:
    return lambda: {"disk_free_bytes": services.recordings.disk.free_bytes}


def _class_numbers(services: Services) -> Callable[[], dict[str, int]]:
    def read() -> dict[str, int]:
        return {
            "rooms_open": len(services.live_rooms),
            "participants": sum(room.participant_count for room in services.live_rooms.rooms),
            "recordings_active": services.recordings.active_count,
        }

    return read
