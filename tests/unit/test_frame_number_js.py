"""The page's reader of frame numbers has our geometry: fed the same cells it gives the same number."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np

from vtp.bench.frame_number import check_of, draw_frame_number

SCRIPT = Path(__file__).parents[1] / "e2e" / "frame_number.js"
NUMBERS = [0, 1, 5, 1499, 65_535, 123_456, (1 << 22) - 1]
HARNESS = """
const input = JSON.parse(require("fs").readFileSync(0, "utf8"));
globalThis.window = globalThis;
globalThis.document = { createElement: () => ({ getContext: () => ({}) }) };
(0, eval)(require("fs").readFileSync(input.script, "utf8"));
const { numberOf, cellLevels, checkOf } = window.vtpFrameNumber;
console.log(JSON.stringify(input.strips.map((gray) => {
  const rgba = gray.flatMap((level) => [level, level, level, 255]);
  const number = numberOf(cellLevels(rgba, input.width, input.height));
  return [number, number === null ? null : checkOf(number)];
})));
"""


def node() -> str:
    """Node of the virtual environment, where `make build` puts it."""
    found = shutil.which("node", path=str(Path(sys.executable).parent)) or shutil.which("node")
    assert found, "Node is missing: run `make build`, which puts it into .venv."
    return found


def test_the_page_reads_the_numbers_that_python_draws() -> None:
    width, height = 320, 180
    strips = []
    for number in NUMBERS:
        luma = np.full((height, width), 128, np.uint8)
        draw_frame_number(luma, number)
        strips.append(luma[:16].reshape(-1).tolist())
    strips.append(np.full((16, width), 128, np.uint8).reshape(-1).tolist())
    given = {"script": str(SCRIPT), "width": width, "height": height / 12, "strips": strips}
    done = subprocess.run(
        [node(), "-e", HARNESS],
        input=json.dumps(given),
        capture_output=True,
        text=True,
        check=True,
        timeout=20,
    )
    assert json.loads(done.stdout) == [[number, check_of(number)] for number in NUMBERS] + [[None, None]]
