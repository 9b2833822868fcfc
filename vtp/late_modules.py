"""Packages whose parts are used without what their fronts load; the fronts are executed when somebody asks.

A package's front (`__init__`) is often most of what it costs: codecs of aiortc, the ORM of SQLAlchemy.
Decision 139.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec, module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any


@contextmanager
def unopened(name: str) -> Iterator[ModuleType]:
    """The package, of which only what is imported meanwhile is executed, and afterwards what is asked for.

    A package that is loaded already is what it is.
    """
    if name in sys.modules:
        yield sys.modules[name]
        return
    spec = find_spec(name)
    assert spec is not None
    package = sys.modules[name] = module_from_spec(spec)
    above, _, last = name.rpartition(".")
    if above:
        vars(sys.modules[above])[last] = package
    try:
        yield package
    except BaseException:
        del sys.modules[name]
        raise
    execute_when_asked(package)


def execute_when_asked(module: ModuleType) -> None:
    """Executes a module when it is asked for what is not there yet (PEP 562)."""

    def execute(name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(f"module {module.__name__!r} has no attribute {name!r}")
        del module.__dict__["__getattr__"]
        spec = module.__spec__
        assert spec is not None and spec.loader is not None
        spec.loader.exec_module(module)
        return getattr(module, name)

    module.__dict__["__getattr__"] = execute


def put_off(package: str, name: str, **named: object) -> None:
    """Has a module executed when it is first asked for something; before its package is executed.

    `named`: what annotations name of it, until then.
    """
    whole = f"{package}.{name}"
    found = find_spec(package)
    if package in sys.modules or found is None or not found.submodule_search_locations:
        return
    spec = spec_from_file_location(whole, Path(found.submodule_search_locations[0]) / f"{name}.py")
    assert spec is not None
    module = sys.modules[whole] = module_from_spec(spec)
    module.__dict__.update(named)
    execute_when_asked(module)
