"""copies of the originals in a second place"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "copies",
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("mirror", sa.String(length=64), nullable=False),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("sha256", "mirror", name=op.f("pk_copies")),
    )


def downgrade() -> None:
    op.drop_table("copies")
