"""the spot of a shot: by folder and stem, files without a header of their own find it"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("shots", sa.Column("spot", sa.String(length=64), nullable=True))
    op.create_index(op.f("ix_shots_spot"), "shots", ["spot"], unique=False)


def downgrade() -> None:
    op.drop_index(op.f("ix_shots_spot"), "shots")
    op.drop_column("shots", "spot")  # in place: a copied table would drop what others refer to
