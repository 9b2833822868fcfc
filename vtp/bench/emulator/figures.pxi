# What may be said of a link, read from names and numbers into a struct, so that a thread without Python can apply it.

import math

cdef enum:
    MAX_PACKET_BYTES = 65535
    GIVEN_DELAY = 1
    GIVEN_JITTER = 2
    GIVEN_REORDER_DELAY = 4
    GIVEN_QUEUE_NS = 8
    GIVEN_QUEUE_BYTES = 16
    GIVEN_RATE = 32
    GIVEN_DUPLICATE = 64
    GIVEN_REORDER = 128
    GIVEN_LOSS = 256

LONGEST_MS = 86_400_000          # a day, far from where nanoseconds overflow
SLOWEST_BPS = 1


cdef struct Figures:
    int given                    # GIVEN_*: the others stay as they are
    int64_t delay_ns, jitter_ns, reorder_ns, queue_ns, queue_bytes
    double rate_bps, duplicate, reorder
    double to_bad, to_good, loss_good, loss_bad


cdef int read_figures(Figures* out, dict named) except -1:
    """ValueError for a figure out of range, TypeError for a name that is none."""
    cdef dict left = {name: value for name, value in named.items() if value is not None}
    out.given = 0
    if "delay_ms" in left:
        out.delay_ns, out.given = nanoseconds("delay_ms", left.pop("delay_ms")), out.given | GIVEN_DELAY
    if "jitter_ms" in left:
        out.jitter_ns, out.given = nanoseconds("jitter_ms", left.pop("jitter_ms")), out.given | GIVEN_JITTER
    if "reorder_ms" in left:
        out.reorder_ns = nanoseconds("reorder_ms", left.pop("reorder_ms"))
        out.given |= GIVEN_REORDER_DELAY
    if "queue_ms" in left:
        out.queue_ns, out.given = nanoseconds("queue_ms", left.pop("queue_ms")), out.given | GIVEN_QUEUE_NS
    if "queue_bytes" in left:
        out.queue_bytes = int(not_negative("queue_bytes", left.pop("queue_bytes")))
        out.given |= GIVEN_QUEUE_BYTES
    if "rate_bps" in left:
        out.rate_bps, out.given = rate("rate_bps", left.pop("rate_bps")), out.given | GIVEN_RATE
    if "duplicate" in left:
        out.duplicate, out.given = probability("duplicate", left.pop("duplicate")), out.given | GIVEN_DUPLICATE
    if "reorder" in left:
        out.reorder, out.given = probability("reorder", left.pop("reorder")), out.given | GIVEN_REORDER
    read_loss(out, left.pop("loss", None), left.pop("burst_loss", None))
    if left:
        raise TypeError(f"A link has no {', '.join(left)}.")
    return 0


cdef int read_loss(Figures* out, loss, burst_loss) except -1:
    """Random or bursty loss; not both, since the one is the other with equal states."""
    if loss is not None and burst_loss is not None:
        raise ValueError("Give either loss or burst_loss, not both.")
    if loss is not None:
        out.loss_good = out.loss_bad = probability("loss", loss)
        out.to_bad, out.to_good, out.given = 0.0, 1.0, out.given | GIVEN_LOSS
    if burst_loss is not None:
        to_bad, to_good, loss_good, loss_bad = burst_loss
        out.to_bad = probability("burst_loss[0]", to_bad)
        out.to_good = probability("burst_loss[1]", to_good)
        out.loss_good = probability("burst_loss[2]", loss_good)
        out.loss_bad = probability("burst_loss[3]", loss_bad)
        out.given |= GIVEN_LOSS
    return 0


def nanoseconds(name, milliseconds) -> int:
    """Milliseconds >= 0 as whole nanoseconds; ValueError names the figure."""
    if not_negative(name, milliseconds) > LONGEST_MS:
        raise ValueError(f"{name} is at most a day ({LONGEST_MS}), got {milliseconds}.")
    return round(milliseconds * 1_000_000)


def not_negative(name, value):
    """The value, or ValueError when it is below zero or no number."""
    if not (value >= 0 and math.isfinite(value)):
        raise ValueError(f"{name} must not be negative, got {value}.")
    if value > INT64_MAX:
        raise ValueError(f"{name} is too large: {value}.")
    return value


def rate(name, value):
    """Bits per second; 0 for no bottleneck, else at least one."""
    if 0 < not_negative(name, value) < SLOWEST_BPS:
        raise ValueError(f"{name} is 0 (no bottleneck) or at least {SLOWEST_BPS}, got {value}.")
    return value


def probability(name, value) -> float:
    """The value, or ValueError when it is not within 0 and 1."""
    if not 0.0 <= value <= 1.0:
        raise ValueError(f"{name} must be between 0 and 1, got {value}.")
    return float(value)
