"""Pages whose items are written already: the same bytes as their models give."""

from pydantic import BaseModel

from vtp.http.etags import Twinned, json_of
from vtp.http.written import WrittenPage


class Item(BaseModel):
    name: str
    items: list[int] = []
    recordings: list[int] = []


class Pages(Twinned):
    TWINS = ("items", "recordings")
    items: list[Item]
    recordings: list[Item]
    total: int


def test_a_page_of_written_items_is_what_its_model_writes() -> None:
    """Also where items have what the names of lists are looked for by."""
    items = [Item(name='"items":[]'), Item(name='é,"recordings":[]')]
    written = WrittenPage(
        Pages(items=[], recordings=[], total=2), [json_of(one) for one in items], Pages.TWINS
    )
    assert written.body() == json_of(Pages(items=items, recordings=items, total=2))


def test_an_empty_page_stays_empty() -> None:
    empty = Pages(items=[], recordings=[], total=0)
    assert WrittenPage(empty, [], Pages.TWINS).body() == json_of(empty)
