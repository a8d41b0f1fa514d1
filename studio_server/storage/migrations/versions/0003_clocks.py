"""which clock a shot's capture time is from"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("shots", sa.Column("clock_of", sa.String(length=80), nullable=True))
    op.add_column("shots", sa.Column("clock_said", sa.String(length=40), nullable=True))
    op.create_index("ix_shots_clock_of_clock_said", "shots", ["clock_of", "clock_said"])


def downgrade() -> None:
    op.drop_index("ix_shots_clock_of_clock_said", "shots")
    op.drop_column("shots", "clock_said")
    op.drop_column("shots", "clock_of")
