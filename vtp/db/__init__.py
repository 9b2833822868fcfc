"""The database: engines, transactions, migrations. The only place that names a dialect."""

from vtp.db.engine import Database
from vtp.db.metadata import metadata

__all__ = ["Database", "metadata"]
