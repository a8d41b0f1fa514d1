"""Run by Alembic; the connection is handed over by `studio_server.storage.migrate`."""

from alembic import context

from studio_server.storage.tables import METADATA

context.configure(
    connection=context.config.attributes["connection"], target_metadata=METADATA, render_as_batch=True
)
with context.begin_transaction():
    context.run_migrations()
