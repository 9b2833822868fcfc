"""Every model of the server can be built after its module was loaded, as `vtp serve` has it."""

from __future__ import annotations

import subprocess
import sys

BUILD_ALL = """
from pydantic import BaseModel
from vtp.late_models import build_models_late

build_models_late()
import vtp.app

def below(model):
    for one in model.__subclasses__():
        yield one
        yield from below(one)

models = [one for one in below(BaseModel) if one.__module__.startswith("vtp.")]
late = [one for one in models if not one.__pydantic_complete__]
for one in late:
    one.model_rebuild()
assert all(one.__pydantic_complete__ for one in models)
print(len(late))
"""


def test_models_that_wait_can_all_be_built() -> None:
    done = subprocess.run([sys.executable, "-c", BUILD_ALL], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 100, "models are not built late any more"
