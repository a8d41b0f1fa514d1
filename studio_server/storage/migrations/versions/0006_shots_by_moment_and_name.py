"""shots are found by their moment and their name"""

import json
import unicodedata
from pathlib import PurePosixPath

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("shots", sa.Column("taken", sa.String(length=19), nullable=True))
    op.add_column("shots", sa.Column("stem", sa.String(length=255), nullable=True))
    op.create_index("ix_shots_taken", "shots", ["taken"], unique=False)
    op.create_index("ix_shots_stem", "shots", ["stem"], unique=False)
    _fill()


def downgrade() -> None:
    op.drop_index("ix_shots_stem", "shots")
    op.drop_index("ix_shots_taken", "shots")
    op.drop_column("shots", "stem")
    op.drop_column("shots", "taken")


def _fill() -> None:
    shots = sa.table(
        "shots", sa.column("id"), sa.column("taken"), sa.column("stem"), sa.column("body", sa.JSON)
    )
    connection = op.get_bind()
    for row in connection.execute(sa.select(shots.c.id, shots.c.body)).all():
        body = json.loads(row.body) if isinstance(row.body, str) else row.body
        at = (body.get("capture") or {}).get("captured_at") or ""
        files = sorted(body["files"], key=lambda file: ("raw", "picture", "sidecar").index(file["role"]))
        name = PurePosixPath(files[0]["name"]).stem if files else ""
        stem = unicodedata.normalize("NFC", name).casefold()[:255]
        values = {"taken": at[:19] or None, "stem": stem or None}
        connection.execute(sa.update(shots).where(shots.c.id == row.id).values(**values))
