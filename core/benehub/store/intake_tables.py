"""The tables of custody: what came in, page by page and row by row, and what of it was known already."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    CheckConstraint,
    Column,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    and_,
    literal_column,
)

from benehub.store.people_tables import LONGEST_ID
from benehub.store.schema import belongs, employer_key, metadata

payload = Table(
    "payload",
    metadata,
    employer_key(),
    Column("payload_hash", String(64), primary_key=True),
    Column("payload_sealed", LargeBinary, nullable=False),
    belongs(to="employer"),
)

intake_batch = Table(
    "intake_batch",
    metadata,
    employer_key(),
    Column("batch_id", String(40), primary_key=True),
    Column("connection_id", String(40), nullable=False),
    Column("stream", String(40), nullable=False),
    Column("run_key", String(120), nullable=False),
    Column("state", String(12), nullable=False),
    Column("reason", Text, nullable=False),
    Column("full_read", Integer, nullable=False),
    # The row number behind which the enumeration of a full read begins: a newer file tells all by itself.
    Column("full_from", Integer, nullable=False, server_default="0"),
    Column("gone", Integer, nullable=False, server_default="0"),
    Column("rows", Integer, nullable=False),
    Column("applied", Integer, nullable=False),
    Column("unchanged", Integer, nullable=False),
    Column("quarantined", Integer, nullable=False),
    Column("superseded", Integer, nullable=False),
    Column("cursor", Text),
    # Taken anew when it is finished; where its reading was begun last stands in `opened_seq`.
    Column("seq", BigInteger, nullable=False),
    Column("recorded_at", String(32), nullable=False),
    Column("opened_seq", BigInteger, nullable=False, server_default="0"),
    # The place of the newest later read whose rows were looked for among those that wait here.
    Column("looked_seq", BigInteger, nullable=False, server_default="0"),
    CheckConstraint("state in ('staged', 'applied', 'held', 'refused')", name="state"),
    # Custody: every row ends in exactly one of the four; the database says so too.
    CheckConstraint("state <> 'applied' or rows = applied + unchanged + quarantined + superseded", name="custody"),
    belongs("connection_id", to="connection"),
)
# Batches in the order they were opened, which stays; the newest first is asked for part by part.
Index("ix_intake_batch_opened", intake_batch.c.employer_id, intake_batch.c.recorded_at, intake_batch.c.batch_id)
# Whether a stream has been told again since is asked for each batch that a person lets in.
Index(
    "ix_intake_batch_stream",
    intake_batch.c.employer_id, intake_batch.c.connection_id, intake_batch.c.stream, intake_batch.c.seq,
)  # fmt: skip

batch_open = intake_batch.c.state.in_([literal_column("'staged'"), literal_column("'held'")])
"""It is not applied yet and may come to be, in the words of the index below."""
Index(
    "ix_intake_batch_open", intake_batch.c.employer_id, intake_batch.c.connection_id, intake_batch.c.stream,
    sqlite_where=batch_open, postgresql_where=batch_open,
)  # fmt: skip

intake_page = Table(
    "intake_page",
    metadata,
    employer_key(),
    Column("batch_id", String(40), primary_key=True),
    Column("page_no", Integer, primary_key=True),
    Column("name", Text, nullable=False),
    Column("payload_hash", String(64), nullable=False),
    Column("rows", Integer, nullable=False),
    belongs("batch_id", to="intake_batch"),
    belongs("payload_hash", to="payload"),
)
Index("ix_intake_page_payload", intake_page.c.employer_id, intake_page.c.payload_hash)

intake_row = Table(
    "intake_row",
    metadata,
    # A row that was not applied; those that were stand in their chunk.
    employer_key(),
    Column("batch_id", String(40), primary_key=True),
    Column("row_no", Integer, primary_key=True),
    Column("row_key", String(120), nullable=False),
    Column("outcome", String(12), nullable=False),
    Column("reason", Text, nullable=False),
    Column("row_sealed", LargeBinary),
    Column("resolved_seq", BigInteger),
    # How often it was tried again in vain, and when last; what `reason` was before stands in `waited`.
    Column("tries", Integer, nullable=False, server_default="0"),
    Column("tried_at", String(32)),
    # The vendor's id of whom it names and nobody knows, as the crosswalk has it; empty where it waits for something
    # else. Null is of before this was kept.
    Column("names", String(LONGEST_ID)),
    CheckConstraint("outcome in ('quarantined', 'superseded')", name="outcome"),
    belongs("batch_id", to="intake_batch"),
)
Index("ix_intake_row_key", intake_row.c.employer_id, intake_row.c.batch_id, intake_row.c.row_key)

row_waits = and_(intake_row.c.outcome == literal_column("'quarantined'"), intake_row.c.resolved_seq.is_(None))
"""Waits in quarantine, in the words of the index below: a parameter in their place would not be found by it."""

Index(
    "ix_intake_row_waiting", intake_row.c.employer_id, intake_row.c.batch_id, intake_row.c.row_key,
    sqlite_where=row_waits, postgresql_where=row_waits,
)  # fmt: skip

Index(
    "ix_intake_row_resolved", intake_row.c.employer_id, intake_row.c.resolved_seq,
    sqlite_where=intake_row.c.resolved_seq.is_not(None), postgresql_where=intake_row.c.resolved_seq.is_not(None),
)  # fmt: skip

row_names = and_(row_waits, intake_row.c.names.is_not(None), intake_row.c.names != literal_column("''"))
"""Waits for somebody to become known."""

Index(
    "ix_intake_row_names", intake_row.c.employer_id, intake_row.c.names,
    sqlite_where=row_names, postgresql_where=row_names,
)  # fmt: skip

row_unasked = and_(row_waits, intake_row.c.names.is_(None))
"""Waits since before it was kept for whom."""

Index(
    "ix_intake_row_unasked", intake_row.c.employer_id, intake_row.c.batch_id,
    sqlite_where=row_unasked, postgresql_where=row_unasked,
)  # fmt: skip

waited = Table(
    "waited",
    metadata,
    # A reason for which a row in quarantine waited, until a try found another one; the first is why it was laid there.
    employer_key(),
    Column("batch_id", String(40), primary_key=True),
    Column("row_no", Integer, primary_key=True),
    Column("try_no", Integer, primary_key=True),
    Column("at", String(32), nullable=False),
    Column("reason", Text, nullable=False),
    belongs("batch_id", to="intake_batch"),
)

intake_chunk = Table(
    "intake_chunk",
    metadata,
    # Custody of rows that were not the same as last time, told together: their content, sealed while they wait, how
    # many of them were applied, their keys, and their numbers where they do not simply follow each other. What was not
    # applied has a row of its own above.
    employer_key(),
    Column("batch_id", String(40), primary_key=True),
    Column("row_no", Integer, primary_key=True),
    Column("rows", Integer, nullable=False),
    Column("applied", Integer, nullable=False),
    Column("rows_sealed", LargeBinary),
    Column("row_keys", JSON, nullable=False),
    Column("row_nos", JSON(none_as_null=True)),
    CheckConstraint("applied <= rows", name="applied"),
    belongs("batch_id", to="intake_batch"),
)
chunk_waits = intake_chunk.c.rows_sealed.is_not(None)
"""Its rows wait to be applied."""
Index(
    "ix_intake_chunk_waiting", intake_chunk.c.employer_id, intake_chunk.c.batch_id, intake_chunk.c.row_no,
    sqlite_where=chunk_waits, postgresql_where=chunk_waits,
)  # fmt: skip

seen = Table(
    "seen",
    metadata,
    employer_key(),
    Column("connection_id", String(40), primary_key=True),
    Column("stream", String(40), primary_key=True),
    Column("row_key", String(120), primary_key=True),
    Column("row_hash", String(64), nullable=False),
    Column("filled", Text, nullable=False),
    # What the row became: a person's id, or a fact's subject and key; empty for what is no fact.
    Column("about", String(200), nullable=False, server_default=""),
    # When a full read did not tell the row any more; empty again once it comes back.
    Column("gone_seq", BigInteger),
    belongs("connection_id", to="connection"),
    sqlite_with_rowid=False,
)
Index(
    "ix_seen_gone", seen.c.employer_id, seen.c.stream, seen.c.gone_seq,
    sqlite_where=seen.c.gone_seq.is_not(None), postgresql_where=seen.c.gone_seq.is_not(None),
)  # fmt: skip

intake_same = Table(
    "intake_same",
    metadata,
    # Unchanged rows of a full read, kept until it is finished: who is not among them and the others is gone. The keys
    # of a chunk stand together, by the number of its first row.
    employer_key(),
    Column("batch_id", String(40), primary_key=True),
    Column("row_no", Integer, primary_key=True),
    Column("row_keys", JSON, nullable=False),
    belongs("batch_id", to="intake_batch"),
)
