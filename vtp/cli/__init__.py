"""The `vtp` command. Each sub-command's module is loaded when it is called, so that `vtp --help` is quick."""

from __future__ import annotations

import importlib
import sys
from typing import Annotated, Any

import typer
from typer.core import TyperGroup
from typer.main import get_command as command_of

from vtp import __version__
from vtp.errors import StartupError

# name → (module with a Typer `app`, what `vtp --help` says of it)
COMMANDS = {
    "serve": ("vtp.cli.serve", "Run the server."),
    "edge": ("vtp.cli.edge", "Answer viewers for another server, from memory."),
    "jobs": ("vtp.cli.jobs", "Work on recordings that have ended, beside a server."),
    "admin": ("vtp.cli.admin", "Accounts, tokens and upkeep, also beside a running server."),
    "doctor": ("vtp.cli.doctor", "Say what keeps people from connecting, and what cures it."),
    "publish": ("vtp.cli.publish", "Publish a file or stream into a room over WHIP."),
    "watch": ("vtp.cli.watch", "Watch a room over WHEP and measure what arrives."),
    "bench": ("vtp.cli.bench", "Measure vtp, and other servers beside it."),
}


class LazyGroup(TyperGroup):
    """Knows its commands by name and loads the one that is called."""

    def list_commands(self, ctx: Any) -> list[str]:
        """All names, in the order of COMMANDS."""
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """The command, loaded now; for the help page a stand-in that carries its line only."""
        if cmd_name not in COMMANDS:
            return None
        module, line = COMMANDS[cmd_name]
        if ctx.resilient_parsing or _shows_help(ctx):
            return _stand_in(cmd_name, line)
        command = command_of(importlib.import_module(module).app)
        command.name = cmd_name
        command.help = command.help or line
        return command


def _shows_help(ctx: Any) -> bool:
    """Whether `vtp --help` (or `vtp` alone) is being answered: then no sub-command is parsed yet."""
    return not any(word in COMMANDS for word in sys.argv[1:])


def _stand_in(name: str, line: str) -> Any:
    stand_in = typer.Typer(add_completion=False)
    stand_in.command(name, help=line)(lambda: None)
    command = command_of(stand_in)
    command.name = name
    return command


app = typer.Typer(
    cls=LazyGroup,
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Live classes in the browser, recorded and played back, from one process.",
)


def _show_version(value: bool) -> None:
    if value:
        typer.echo(f"vtp {__version__}")
        raise typer.Exit()


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Holds what all commands share; the help text is the app's."""


def main() -> None:
    """Runs the command line; a StartupError ends it with its sentence and code 1, without a traceback."""
    try:
        app()
    except StartupError as error:
        sys.stderr.write(f"vtp: {error}\n")
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
