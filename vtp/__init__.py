"""vtp: live classes in the browser, recorded and played back, from one process."""

__version__ = "0.1.0"
