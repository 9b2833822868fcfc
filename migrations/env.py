"""Runs revisions on the connection that vtp.db.migrations hands over, within its transaction."""

from alembic import context

from vtp.db.metadata import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transactional_ddl=True,
    render_as_batch=True,
)
context.run_migrations()
