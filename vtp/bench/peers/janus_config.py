"""Janus's configuration for the benchmark: libconfig files in a folder of ours.

What is not written here has Janus's default, and the defaults are what Debian's files in /etc/janus set as
well: a thread per handle, full ICE, SRTP profiles of its choice, no limit on ports. Written are the address
to gather, the one plugin and the one transport that are used, and `event_loops` where the variant asks for
it.
"""

from pathlib import Path

SIGNALLING_PORT = 8188
_LIBRARIES = Path("/usr/lib")
_USED = ("libjanus_videoroom.so", "libjanus_websockets.so")


def write_config(folder: Path, address: str, *, event_loops: int = 0) -> None:
    """Writes the files that `janus --configs-folder` reads. `event_loops` 0 leaves the setting out."""
    files = {
        "janus.jcfg": _core(folder, address, event_loops),
        "janus.plugin.videoroom.jcfg": "general: {\n}\n",
        "janus.transport.websockets.jcfg": _websockets(),
    }
    for name, text in files.items():
        (folder / name).write_text(text)


def _core(folder: Path, address: str, event_loops: int) -> str:
    """`ice_enforce_list` takes addresses too: the namespace has this one on a real interface."""
    loops = f"    event_loops = {event_loops}\n" if event_loops else ""
    return f"""\
general: {{
    configs_folder = "{folder}"
    debug_level = 4
    debug_colors = false
{loops}}}
nat: {{
    ice_enforce_list = "{address}"
}}
plugins: {{
    disable = "{_all_but_used("plugins")}"
}}
transports: {{
    disable = "{_all_but_used("transports")}"
}}
loggers: {{
    disable = "{_all_but_used("loggers")}"
}}
events: {{
    broadcast = false
}}
"""


def _all_but_used(kind: str) -> str:
    """Other plugins would only take memory; their names as Debian installs them."""
    found = {path.name for path in _LIBRARIES.glob(f"*/janus/{kind}/*.so")}
    return ",".join(sorted(found - set(_USED)))


def _websockets() -> str:
    """On all addresses of the namespace: Janus turns a `ws_ip` into an interface, here `lo`."""
    return f"""\
general: {{
    json = "compact"
    ws = true
    ws_port = {SIGNALLING_PORT}
    wss = false
}}
admin: {{
    admin_ws = false
}}
"""
