class Link:
    pushed: int
    popped: int
    lost: int
    queue_dropped: int
    duplicated: int
    reordered: int
    @property
    def waiting_bytes(self) -> int: ...
    def __init__(
        self,
        seed: int,
        *,
        delay_ms: float | None = None,
        jitter_ms: float | None = None,
        loss: float | None = None,
        burst_loss: tuple[float, float, float, float] | None = None,
        duplicate: float | None = None,
        reorder: float | None = None,
        reorder_ms: float | None = None,
        rate_bps: float | None = None,
        queue_bytes: int | None = None,
        queue_ms: float | None = None,
    ) -> None: ...
    def configure(
        self,
        now_ns: int,
        *,
        delay_ms: float | None = None,
        jitter_ms: float | None = None,
        loss: float | None = None,
        burst_loss: tuple[float, float, float, float] | None = None,
        duplicate: float | None = None,
        reorder: float | None = None,
        reorder_ms: float | None = None,
        rate_bps: float | None = None,
        queue_bytes: int | None = None,
        queue_ms: float | None = None,
    ) -> None: ...
    def push(self, now_ns: int, packet_id: int, size: int) -> bool: ...
    def pop(self, now_ns: int) -> int: ...
    def next_ns(self) -> int: ...
