"""A class page sends its camera in several sizes and takes each picture as large as it is shown."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.e2e.classes.class_pages import NARROW, WIDE, Visit, join, make_room, tile_of
from tests.e2e.conftest import poll
from tests.server_process import Running

KEEP_CONNECTIONS = """
window.connections = [];
window.RTCPeerConnection = class extends RTCPeerConnection {
  constructor(...given) { super(...given); window.connections.push(this); }
};
window.sentWidths = async () => {
  const widths = [];
  for (const one of window.connections) {
    for (const report of (await one.getStats()).values()) {
      if (report.type === 'outbound-rtp' && report.kind === 'video' && report.active) {
        widths.push(report.frameWidth);
      }
    }
  }
  return widths.sort((one, other) => one - other).join(' ');
};
"""


def width_of(page: Page, name: str) -> str:
    return f"document.querySelector(\".tile[data-name='{name}'] video\")?.videoWidth"


def test_pictures_are_as_large_as_they_are_shown_and_nothing_larger_is_sent(
    server: Running, visit: Visit
) -> None:
    ada, sam = visit("ada"), visit("sam")
    ada.add_init_script(KEEP_CONNECTIONS)
    make_room(server, "sizes")
    join(ada, "sizes", server.url)
    join(sam, "sizes", server.url)
    expect(tile_of(sam, "Ada Lovelace")).to_have_attribute("data-picture", "true")
    poll(sam, f"{width_of(sam, 'Ada Lovelace')} === 640")
    poll(ada, "sentWidths().then((widths) => widths === '320 640')")
    sam.set_viewport_size(NARROW)  # type: ignore[arg-type]
    poll(sam, f"{width_of(sam, 'Ada Lovelace')} === 320")
    poll(ada, "sentWidths().then((widths) => widths === '320')")  # 5 s after the last look
    sam.set_viewport_size(WIDE)  # type: ignore[arg-type]
    poll(sam, f"{width_of(sam, 'Ada Lovelace')} === 640")
    poll(ada, "sentWidths().then((widths) => widths === '320 640')")
