"""PyAV, loaded when something of it is first used: FFmpeg is 16 MB, and who records nothing needs none.

`from vtp.late_av import av` stands for `import av` wherever a server's start leads.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import av as av
else:

    class _Late:
        def __getattr__(self, name: str) -> Any:
            import av as whole

            value = getattr(whole, name)
            setattr(self, name, value)
            return value

    av = _Late()
