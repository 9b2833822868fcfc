"""SQLAlchemy's asynchronous engine without the ORM, which its package's front loads and nothing here uses."""

from vtp.late_modules import unopened

USED = ("AsyncConnection", "AsyncEngine", "AsyncTransaction", "create_async_engine")


def load_orm_late() -> None:
    """Before the modules that import from `sqlalchemy.ext.asyncio` are loaded."""
    with unopened("sqlalchemy.ext.asyncio") as package:
        from sqlalchemy.ext.asyncio import engine

        for name in USED:
            package.__dict__[name] = getattr(engine, name)
