"""Where settings come from: TOML files and the environment, as plain trees with every key's origin."""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dotenv import dotenv_values
from pydantic import BaseModel
from pydantic_settings import BaseSettings, EnvSettingsSource

from vtp.errors import StartupError

PREFIX = "VTP_"
DELIMITER = "__"
PROFILE_VARIABLE = "VTP_ENV"
CONFIG_DIR_VARIABLE = "VTP_CONFIG_DIR"
# Read by tools beside the server (`vtp publish --token`), so they are no settings and no mistakes either.
OTHER_VARIABLES = frozenset({CONFIG_DIR_VARIABLE, "VTP_TOKEN"})

Tree = dict[str, Any]


@dataclass(slots=True)
class Layers:
    """The merged tree of all sources, and for paths such as `http.port` the source that had the last word."""

    tree: Tree = field(default_factory=dict)
    origins: dict[str, str] = field(default_factory=dict)

    def add(self, tree: Tree, name_origin: Mapping[str, str] | str) -> None:
        """Lays `tree` over what is there; `name_origin` is a file name, or a variable name by path."""
        _merge(self.tree, tree)
        for path in walk_paths(tree):
            self.origins[path] = name_origin if isinstance(name_origin, str) else name_origin.get(path, "")

    def origin(self, path: str) -> str:
        """Where `path`, or the nearest key above it, was set; empty when nowhere."""
        parts = path.split(".")
        for length in range(len(parts), 0, -1):
            found = self.origins.get(".".join(parts[:length]))
            if found:
                return found
        return ""


class _Environment(EnvSettingsSource):
    """pydantic-settings' reader over a given mapping; a value that is not JSON stays the text it is."""

    def __init__(self, settings_cls: type[BaseSettings], environ: Mapping[str, str]) -> None:
        self._given = {name.lower(): value for name, value in environ.items()}
        super().__init__(
            settings_cls, case_sensitive=False, env_prefix=PREFIX, env_nested_delimiter=DELIMITER
        )

    def _load_env_vars(self) -> Mapping[str, str | None]:
        return self._given

    def decode_complex_value(self, field_name: str, field: Any, value: Any) -> Any:
        """Takes JSON where it is JSON; `a,b` for a list is left to the field's validator."""
        try:
            return super().decode_complex_value(field_name, field, value)
        except ValueError:
            return value


def default_config_dir(environ: Mapping[str, str]) -> Path:
    """The folder of the TOML files: `VTP_CONFIG_DIR`, else `config` beside the package."""
    chosen = environ.get(CONFIG_DIR_VARIABLE)
    return Path(chosen) if chosen else Path(__file__).resolve().parent.parent / "config"


def read_dotenv(environ: Mapping[str, str], path: Path) -> dict[str, str]:
    """`environ` over the VTP_* lines of a `.env` file, when there is one."""
    lines = dotenv_values(path) if path.is_file() else {}
    own = {name: value for name, value in lines.items() if name.startswith(PREFIX) and value is not None}
    return {**own, **environ}


def read_layers(settings_cls: type[BaseSettings], environ: Mapping[str, str], config_dir: Path) -> Layers:
    """Reads default.toml, the profile's file and the environment, in rising order of rank.

    Raises StartupError for a file that cannot be read and for a key that does not exist.
    """
    layers = Layers()
    for path in _config_files(environ.get(PROFILE_VARIABLE, ""), config_dir):
        tree = _read_toml(path)
        _refuse_unknown(settings_cls, tree, dict.fromkeys(walk_paths(tree), str(path)))
        layers.add(tree, str(path))
    names = _variables(environ)
    _refuse_unknown(settings_cls, dict.fromkeys(names), names)
    layers.add(_Environment(settings_cls, environ)(), names)
    return layers


def walk_paths(tree: Mapping[str, Any], prefix: str = "") -> Iterator[str]:
    """Yields the dotted path of every leaf."""
    for key, value in tree.items():
        if isinstance(value, dict) and value:
            yield from walk_paths(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}"


def known_paths(model: type[BaseModel], prefix: str = "") -> Iterator[str]:
    """Yields the dotted path of every setting that `model` has."""
    for name, info in model.model_fields.items():
        if isinstance(info.annotation, type) and issubclass(info.annotation, BaseModel):
            yield from known_paths(info.annotation, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}"


def _config_files(profile: str, config_dir: Path) -> list[Path]:
    default = config_dir / "default.toml"
    files = [default] if default.is_file() else []
    if not profile:
        return files
    chosen = config_dir / f"{profile}.toml"
    if not profile.replace("-", "").replace("_", "").isalnum() or not chosen.is_file():
        have = ", ".join(sorted(p.stem for p in config_dir.glob("*.toml") if p.stem != "default")) or "none"
        raise StartupError(
            f"{PROFILE_VARIABLE} is {profile!r}, but {config_dir} has no {profile}.toml (there is: {have}); "
            f"set {PROFILE_VARIABLE} to one of these or leave it out."
        )
    return [*files, chosen]


def _read_toml(path: Path) -> Tree:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise StartupError(
            f"The settings file {path} cannot be read ({error.strerror}); make it readable."
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise StartupError(
            f"The settings file {path} is not valid TOML: {error}; correct that line."
        ) from error


def _variables(environ: Mapping[str, str]) -> dict[str, str]:
    """Dotted path of a setting → the variable that sets it."""
    return {
        name[len(PREFIX) :].lower().replace(DELIMITER, "."): name
        for name in environ
        if name.upper().startswith(PREFIX) and name.upper() not in OTHER_VARIABLES
    }


def _refuse_unknown(model: type[BaseModel], tree: Mapping[str, Any], origins: Mapping[str, str]) -> None:
    known = set(known_paths(model))
    sections = {path.rsplit(".", 1)[0] for path in known if "." in path}
    for path in walk_paths(tree):
        if path in known or path in sections:
            continue
        near = difflib.get_close_matches(path, known, n=1, cutoff=0.7)
        advice = f"did you mean {near[0]}?" if near else "remove it; config/default.toml lists every setting."
        raise StartupError(f"The setting {path} (in {origins[path]}) does not exist; {advice}")


def _merge(base: Tree, over: Tree) -> None:
    for key, value in over.items():
        if isinstance(value, dict) and isinstance(base.get(key), dict):
            _merge(base[key], value)
        else:
            base[key] = value
