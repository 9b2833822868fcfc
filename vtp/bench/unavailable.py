"""What a benchmark raises where something that it needs cannot be had."""


class Unavailable(Exception):  # noqa: N818
    """A server that cannot be had here; the text is a sentence that says why."""
