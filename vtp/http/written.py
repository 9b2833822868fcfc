"""Pages of lists whose items are JSON already: most of what a page costs is to write the same rows again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import BaseModel

from vtp.http.etags import json_of


@dataclass(frozen=True, slots=True)
class WrittenPage:
    """A page as its model has it, whose lists, empty there, are these items under each of their names.

    `names` in the model's order: none of what is written is looked through for a later one.
    """

    page: BaseModel
    items: Sequence[bytes]
    names: tuple[str, ...] = ("items",)

    def body(self) -> bytes:
        """The representation."""
        body, items = json_of(self.page), b",".join(self.items)
        for name in reversed(self.names):
            body = body.replace(b'"%s":[]' % name.encode(), b'"%s":[%s]' % (name.encode(), items), 1)
        return body
