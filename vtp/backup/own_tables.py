"""The tables that are vtp's in a database, where those of other programs may stand beside them.

Those of every revision that a backup may be of: one that a later revision drops is to be named here still.
"""

from typing import Final

from vtp.accounts import tables as _accounts
from vtp.analytics import tables as _analytics
from vtp.courses import tables as _courses
from vtp.coursework import tables as _coursework
from vtp.db import tables as _db
from vtp.db.dump import VERSION_TABLE
from vtp.db.metadata import metadata
from vtp.jobs import tables as _jobs
from vtp.mail import tables as _mail
from vtp.notifications import tables as _notifications
from vtp.quizzes import tables as _quizzes
from vtp.recording import tables as _recording
from vtp.rooms import tables as _rooms
from vtp.webhooks import tables as _webhooks

FEATURES: Final = (
    _accounts,
    _analytics,
    _courses,
    _coursework,
    _db,
    _jobs,
    _mail,
    _notifications,
    _quizzes,
    _recording,
    _rooms,
    _webhooks,
)  # which put theirs into `metadata`
OWN_TABLES: Final = frozenset(metadata.tables)
WITH_VERSION: Final = OWN_TABLES | {VERSION_TABLE}
