"""The tables of the hub. Every row belongs to one employer; keys are composite so that nothing crosses.

Sealed columns (`*_sealed`) hold AES-GCM ciphertext; `*_index` columns hold blind indexes; `*_hash` over
personal data are keyed. Dates are ISO text where they are part of a key or may be open, money is integer
minor units, leave is integer minutes. `seq` is the employer's recorded order (see `store.session`).
"""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    CheckConstraint,
    Column,
    Date,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    UniqueConstraint,
    and_,
    literal_column,
)

from benehub.store.call_tables import call_window as call_window
from benehub.store.call_tables import pushed_resource as pushed_resource
from benehub.store.call_tables import webhook_delivery as webhook_delivery
from benehub.store.call_tables import webhook_door as webhook_door
from benehub.store.difference_tables import closing as closing
from benehub.store.difference_tables import difference as difference
from benehub.store.difference_tables import difference_event as difference_event
from benehub.store.difference_tables import suppression as suppression
from benehub.store.fix_tables import fix as fix
from benehub.store.fix_tables import fix_obligation as fix_obligation
from benehub.store.fix_tables import fixing as fixing
from benehub.store.page_tables import message as message
from benehub.store.page_tables import question as question
from benehub.store.page_tables import upload as upload
from benehub.store.schema import belongs as _belongs
from benehub.store.schema import employer_key as _employer_key
from benehub.store.schema import metadata as metadata

employer = Table(
    "employer",
    metadata,
    _employer_key(),
    Column("name", Text, nullable=False),
    Column("country", String(2), nullable=False),
    Column("currency", String(3), nullable=False),
    Column("timezone", String(64), nullable=False, server_default="UTC"),
    # The chain row: recorded order and the head of the ledger's hash chain, taken under a lock.
    Column("seq", BigInteger, nullable=False),
    Column("recorded_at", String(32), nullable=False),
    Column("ledger_head", String(64), nullable=False),
)

plan_book = Table(
    "plan_book",
    metadata,
    _employer_key(),
    Column("version", String(16), primary_key=True),
    Column("content", Text, nullable=False),
    Column("seq", BigInteger, nullable=False),
    _belongs(to="employer"),
)

connection = Table(
    "connection",
    metadata,
    _employer_key(),
    Column("connection_id", String(40), primary_key=True),
    Column("connector", String(40), nullable=False),
    Column("settings", JSON, nullable=False),
    Column("mode", String(8), nullable=False),
    CheckConstraint("mode in ('live', 'watch', 'paused')", name="mode"),
    _belongs(to="employer"),
)

stream_state = Table(
    "stream_state",
    metadata,
    _employer_key(),
    Column("connection_id", String(40), primary_key=True),
    Column("stream", String(40), primary_key=True),
    Column("cursor", Text),
    Column("seq", BigInteger, nullable=False),
    Column("read_at", String(32), nullable=False),
    _belongs("connection_id", to="connection"),
)

person = Table(
    "person",
    metadata,
    _employer_key(),
    Column("person_id", String(40), primary_key=True),
    Column("kind", String(10), nullable=False),
    Column("subscriber_id", String(40), nullable=False),
    Column("member_id", String(40), nullable=False),
    Column("ssn_sealed", LargeBinary),
    Column("ssn_index", String(64)),
    Column("seq", BigInteger, nullable=False),
    UniqueConstraint("employer_id", "member_id"),
    CheckConstraint("kind in ('employee', 'dependent')", name="kind"),
    _belongs(to="employer"),
)
Index("ix_person_subscriber", person.c.employer_id, person.c.subscriber_id)
Index("ix_person_ssn", person.c.employer_id, person.c.ssn_index, unique=True)

crosswalk = Table(
    "crosswalk",
    metadata,
    _employer_key(),
    Column("connection_id", String(40), primary_key=True),
    Column("external_id", String(128), primary_key=True),
    Column("person_id", String(40)),
    Column("how", String(20), nullable=False),
    Column("seq", BigInteger, nullable=False),
    # Where nobody is linked: which stream named him, and what it told of him.
    Column("stream", String(40), nullable=False, server_default=""),
    Column("told_sealed", LargeBinary),
    _belongs("connection_id", to="connection"),
    _belongs("person_id", to="person"),
    sqlite_with_rowid=False,
)
Index("ix_crosswalk_person", crosswalk.c.employer_id, crosswalk.c.person_id)

suggestion = Table(
    "suggestion",
    metadata,
    # Who a vendor's unlinked person may be: open until a person says yes (then it is a link) or no (rejected).
    _employer_key(),
    Column("connection_id", String(40), primary_key=True),
    Column("external_id", String(128), primary_key=True),
    Column("person_id", String(40), primary_key=True),
    Column("score", Integer, nullable=False),
    Column("why", JSON, nullable=False),
    Column("state", String(8), nullable=False),
    Column("seq", BigInteger, nullable=False),
    CheckConstraint("state in ('open', 'rejected')", name="state"),
    _belongs("connection_id", to="connection"),
    _belongs("person_id", to="person"),
)

payload = Table(
    "payload",
    metadata,
    _employer_key(),
    Column("payload_hash", String(64), primary_key=True),
    Column("payload_sealed", LargeBinary, nullable=False),
    _belongs(to="employer"),
)

intake_batch = Table(
    "intake_batch",
    metadata,
    _employer_key(),
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
    Column("seq", BigInteger, nullable=False),
    Column("recorded_at", String(32), nullable=False),
    CheckConstraint("state in ('staged', 'applied', 'held', 'refused')", name="state"),
    # Custody: every row ends in exactly one of the four; the database says so too.
    CheckConstraint("state <> 'applied' or rows = applied + unchanged + quarantined + superseded", name="custody"),
    _belongs("connection_id", to="connection"),
)

intake_page = Table(
    "intake_page",
    metadata,
    _employer_key(),
    Column("batch_id", String(40), primary_key=True),
    Column("page_no", Integer, primary_key=True),
    Column("name", Text, nullable=False),
    Column("payload_hash", String(64), nullable=False),
    Column("rows", Integer, nullable=False),
    _belongs("batch_id", to="intake_batch"),
    _belongs("payload_hash", to="payload"),
)
Index("ix_intake_page_payload", intake_page.c.employer_id, intake_page.c.payload_hash)

intake_row = Table(
    "intake_row",
    metadata,
    _employer_key(),
    Column("batch_id", String(40), primary_key=True),
    Column("row_no", Integer, primary_key=True),
    Column("row_key", String(120), nullable=False),
    Column("outcome", String(12), nullable=False),
    Column("reason", Text, nullable=False),
    Column("row_sealed", LargeBinary),
    Column("resolved_seq", BigInteger),
    CheckConstraint("outcome in ('staged', 'applied', 'quarantined', 'superseded')", name="outcome"),
    _belongs("batch_id", to="intake_batch"),
)
Index("ix_intake_row_key", intake_row.c.employer_id, intake_row.c.batch_id, intake_row.c.row_key)

row_waits = and_(intake_row.c.outcome == literal_column("'quarantined'"), intake_row.c.resolved_seq.is_(None))
"""Waits in quarantine, in the words of the index below: a parameter in their place would not be found by it."""

Index(
    "ix_intake_row_waiting", intake_row.c.employer_id, intake_row.c.batch_id, intake_row.c.row_key,
    sqlite_where=row_waits, postgresql_where=row_waits,
)  # fmt: skip

intake_chunk = Table(
    "intake_chunk",
    metadata,
    # The content of rows that wait to be applied, sealed together; gone once they are.
    _employer_key(),
    Column("batch_id", String(40), primary_key=True),
    Column("row_no", Integer, primary_key=True),
    Column("rows", Integer, nullable=False),
    Column("rows_sealed", LargeBinary, nullable=False),
    _belongs("batch_id", to="intake_batch"),
)

seen = Table(
    "seen",
    metadata,
    _employer_key(),
    Column("connection_id", String(40), primary_key=True),
    Column("stream", String(40), primary_key=True),
    Column("row_key", String(120), primary_key=True),
    Column("row_hash", String(64), nullable=False),
    Column("filled", Text, nullable=False),
    # What the row became: a person's id, or a fact's subject and key; empty for what is no fact.
    Column("about", String(200), nullable=False, server_default=""),
    # When a full read did not tell the row any more; empty again once it comes back.
    Column("gone_seq", BigInteger),
    _belongs("connection_id", to="connection"),
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
    _employer_key(),
    Column("batch_id", String(40), primary_key=True),
    Column("row_no", Integer, primary_key=True),
    Column("row_keys", JSON, nullable=False),
    _belongs("batch_id", to="intake_batch"),
)

fact = Table(
    "fact",
    metadata,
    _employer_key(),
    Column("fact_id", String(40), primary_key=True),
    Column("kind", String(24), nullable=False),
    Column("subject", String(60), nullable=False),
    Column("fact_key", String(120), nullable=False),
    Column("effective_from", Date, nullable=False),
    Column("effective_to", Date, nullable=False),
    Column("data", JSON),
    Column("seq", BigInteger, nullable=False),
    Column("recorded_at", String(32), nullable=False),
    Column("batch_id", String(40)),
    Column("row_no", Integer),
    Column("source", Text, nullable=False),
    CheckConstraint("effective_from <= effective_to", name="interval"),
    _belongs(to="employer"),
)
Index("ix_fact_find", fact.c.employer_id, fact.c.kind, fact.c.subject, fact.c.fact_key, fact.c.seq)

confirmation = Table(
    "confirmation",
    metadata,
    _employer_key(),
    Column("kind", String(20), primary_key=True),
    Column("connection_id", String(40), primary_key=True),
    Column("row_key", String(120), primary_key=True),
    Column("version", Integer, primary_key=True),
    # The newest version has current = 1; older ones stay for "as known at".
    Column("current", Integer, nullable=False),
    Column("person_id", String(40)),
    Column("external_id", String(128), nullable=False),
    Column("plan", String(40)),
    Column("part", String(16), nullable=False),
    Column("code", String(40), nullable=False),
    Column("tax_class", String(16), nullable=False),
    Column("tier", String(8), nullable=False),
    Column("coverage_month", String(7), nullable=False),
    Column("pay_date", Date),
    Column("on_date", Date),
    Column("effective_from", Date),
    Column("effective_to", Date),
    Column("amount", BigInteger, nullable=False),
    Column("unit", String(16), nullable=False),
    Column("reference", String(120), nullable=False),
    Column("detail", JSON, nullable=False),
    Column("batch_id", String(40), nullable=False),
    Column("row_no", Integer, nullable=False),
    Column("seq", BigInteger, nullable=False),
    _belongs("connection_id", to="connection"),
    _belongs("person_id", to="person"),
    _belongs("batch_id", to="intake_batch"),
)
Index("ix_confirmation_period", confirmation.c.employer_id, confirmation.c.kind, confirmation.c.pay_date)
Index("ix_confirmation_month", confirmation.c.employer_id, confirmation.c.kind, confirmation.c.coverage_month)

entry = Table(
    "entry",
    metadata,
    _employer_key(),
    Column("entry_id", String(40), primary_key=True),
    Column("idempotency_key", String(200), nullable=False),
    Column("content_hash", String(64), nullable=False),
    Column("type", String(40), nullable=False),
    Column("status", String(8), nullable=False),
    Column("effective_date", Date, nullable=False),
    Column("due_date", Date),
    Column("pending_id", String(40)),
    Column("reverses_id", String(40)),
    Column("source", String(120), nullable=False),
    Column("explanation_id", String(40)),
    Column("seq", BigInteger, nullable=False),
    Column("recorded_at", String(32), nullable=False),
    Column("prev_hash", String(64), nullable=False),
    Column("hash", String(64), nullable=False),
    UniqueConstraint("employer_id", "idempotency_key"),
    UniqueConstraint("employer_id", "seq"),
    CheckConstraint("status in ('pending', 'posted', 'void')", name="status"),
    CheckConstraint("status <> 'void' or pending_id is not null", name="void_links"),
    _belongs(to="employer"),
    ForeignKeyConstraint(
        ["employer_id", "pending_id"], ["entry.employer_id", "entry.entry_id"], name="fk_entry_pending"
    ),
    ForeignKeyConstraint(
        ["employer_id", "reverses_id"], ["entry.employer_id", "entry.entry_id"], name="fk_entry_reverses"
    ),
)
Index("ix_entry_pending", entry.c.employer_id, entry.c.pending_id)
Index("ix_entry_reverses", entry.c.employer_id, entry.c.reverses_id)

leg = Table(
    "leg",
    metadata,
    _employer_key(),
    Column("entry_id", String(40), primary_key=True),
    Column("leg_no", Integer, primary_key=True),
    Column("account", String(8), nullable=False),
    Column("unit", String(16), nullable=False),
    Column("amount", BigInteger, nullable=False),
    Column("person_id", String(40)),
    Column("plan", String(40)),
    Column("money_source", String(16)),
    Column("coverage_month", String(7)),
    Column("pay_date", Date),
    Column("batch", String(80)),
    CheckConstraint("amount <> 0", name="amount"),
    # Legs come first, the header seals them; the deferred key refuses legs without a header at commit.
    _belongs("entry_id", to="entry", deferred=True),
    _belongs("person_id", to="person"),
)
Index("ix_leg_account", leg.c.employer_id, leg.c.account, leg.c.person_id, leg.c.plan)

explanation = Table(
    "explanation",
    metadata,
    _employer_key(),
    Column("explanation_id", String(40), primary_key=True),
    Column("rule", String(60), nullable=False),
    Column("rule_version", String(16), nullable=False),
    Column("plan_book", String(16), nullable=False),
    Column("known_at", BigInteger, nullable=False),
    Column("content", JSON, nullable=False),
    _belongs(to="employer"),
)

obligation = Table(
    "obligation",
    metadata,
    _employer_key(),
    Column("obligation_id", String(40), primary_key=True),
    Column("kind", String(32), nullable=False),
    Column("business_key", String(160), nullable=False),
    Column("connection_id", String(40), nullable=False),
    Column("person_id", String(40)),
    Column("plan", String(40)),
    Column("period", String(10), nullable=False),
    Column("due_date", Date, nullable=False),
    Column("send_by", Date, nullable=False),
    Column("worth_minor", BigInteger, nullable=False),
    Column("currency", String(3), nullable=False),
    Column("content_sealed", LargeBinary, nullable=False),
    Column("content_hash", String(64), nullable=False),
    Column("state", String(12), nullable=False),
    Column("reason", Text, nullable=False),
    Column("dispatch_id", String(40)),
    Column("explanation_id", String(40)),
    Column("seq", BigInteger, nullable=False),
    UniqueConstraint("employer_id", "business_key"),
    CheckConstraint("state in ('open', 'sent', 'confirmed', 'refused', 'held', 'replaced', 'canceled')", name="state"),
    _belongs("connection_id", to="connection"),
)
Index("ix_obligation_state", obligation.c.employer_id, obligation.c.state, obligation.c.kind)
Index("ix_obligation_dispatch", obligation.c.employer_id, obligation.c.dispatch_id)

dispatch = Table(
    "dispatch",
    metadata,
    _employer_key(),
    Column("dispatch_id", String(40), primary_key=True),
    Column("connection_id", String(40), nullable=False),
    Column("operation", String(32), nullable=False),
    Column("business_key", String(160), nullable=False),
    Column("revision", Integer, nullable=False),
    Column("guard", String(20), nullable=False),
    Column("file_name", String(160), nullable=False),
    Column("frozen_sealed", LargeBinary, nullable=False),
    Column("frozen_hash", String(64), nullable=False),
    Column("items", Integer, nullable=False),
    Column("worth_minor", BigInteger, nullable=False),
    Column("currency", String(3), nullable=False),
    Column("control", BigInteger),
    Column("state", String(14), nullable=False),
    Column("reason", Text, nullable=False),
    Column("receipt", JSON),
    Column("seq", BigInteger, nullable=False),
    Column("prepared_at", String(32), nullable=False),
    Column("sent_at", String(32)),
    Column("ack_state", String(24), nullable=False),
    # Between whom its control number counts, and for test or production; empty where there is none.
    Column("control_line", String(80), nullable=False, server_default=""),
    # How many people a full file says are covered: what the next one is held against.
    Column("heads", Integer),
    # The bytes as they leave, where those frozen are not: encrypted to the partner.
    Column("wire_sealed", LargeBinary),
    # The group of the employer's that a file is of, where the partner takes one for each; else empty.
    Column("file_group", String(50), nullable=False, server_default=""),
    # In how many pieces they stand; the first is the one above.
    Column("frozen_pieces", Integer, nullable=False, server_default="1"),
    Column("wire_pieces", Integer, nullable=False, server_default="1"),
    UniqueConstraint("employer_id", "business_key", "revision"),
    CheckConstraint("state in ('prepared', 'held', 'refused', 'sending', 'unknown', 'sent', 'failed')", name="state"),
    _belongs("connection_id", to="connection"),
)
Index("ix_dispatch_state", dispatch.c.employer_id, dispatch.c.state)
Index("ix_dispatch_control", dispatch.c.employer_id, dispatch.c.connection_id, dispatch.c.control)

dispatch_piece = Table(
    "dispatch_piece",
    metadata,
    # Of a file that is larger than one piece: the second and further ones, written before its row.
    _employer_key(),
    Column("dispatch_id", String(40), primary_key=True),
    Column("form", String(10), primary_key=True),
    Column("place", Integer, primary_key=True),
    Column("sealed", LargeBinary, nullable=False),
    _belongs("dispatch_id", to="dispatch", deferred=True),
)

attempt = Table(
    "attempt",
    metadata,
    _employer_key(),
    Column("dispatch_id", String(40), primary_key=True),
    Column("attempt_no", Integer, primary_key=True),
    Column("started_at", String(32), nullable=False),
    Column("outcome", String(14), nullable=False),
    Column("detail", Text, nullable=False),
    _belongs("dispatch_id", to="dispatch"),
)

push_permit = Table(
    "push_permit",
    metadata,
    # A person's word that the next push of an operation may change or end so many people; never changed.
    _employer_key(),
    Column("connection_id", String(40), primary_key=True),
    Column("operation", String(32), primary_key=True),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("people", Integer, nullable=False),
    Column("at", String(32), nullable=False),
    Column("who", String(80), nullable=False),
    Column("note", Text, nullable=False),
    _belongs("connection_id", to="connection"),
)

control_line = Table(
    "control_line",
    metadata,
    # The last number used between a sender and a receiver in one usage (or by one connection, where none are named).
    _employer_key(),
    Column("line", String(80), primary_key=True),
    Column("last", BigInteger, nullable=False),
    _belongs(to="employer"),
)

member_state = Table(
    "member_state",
    metadata,
    # How far the newest word on a member has come at his carrier: sent, acked (its grammar), confirmed, or refused.
    _employer_key(),
    Column("connection_id", String(40), primary_key=True),
    Column("person_id", String(40), primary_key=True),
    # The group of the employer's that the file is of, where a partner takes one for each; else empty.
    Column("file_group", String(50), primary_key=True, server_default=""),
    Column("subscriber_id", String(40), nullable=False),
    Column("dispatch_id", String(40), nullable=False),
    Column("set_control", String(9), nullable=False),
    Column("state", String(10), nullable=False),
    Column("reason", Text, nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("at", String(32), nullable=False),
    CheckConstraint("state in ('sent', 'acked', 'confirmed', 'refused')", name="state"),
    _belongs("connection_id", to="connection"),
    _belongs("person_id", to="person"),
    _belongs("dispatch_id", to="dispatch"),
)
Index("ix_member_state_dispatch", member_state.c.employer_id, member_state.c.dispatch_id)
Index("ix_member_state_state", member_state.c.employer_id, member_state.c.connection_id, member_state.c.state)

act = Table(
    "act",
    metadata,
    # What a person did to a thing (a dispatch, a batch, a person), and why; never changed.
    _employer_key(),
    Column("subject", String(40), primary_key=True),
    Column("act_no", Integer, primary_key=True),
    Column("at", String(32), nullable=False),
    Column("who", String(80), nullable=False),
    Column("what", String(40), nullable=False),
    Column("note", Text, nullable=False),
    _belongs(to="employer"),
)

run = Table(
    "run",
    metadata,
    _employer_key(),
    Column("run_id", String(40), primary_key=True),
    Column("flow", String(40), nullable=False),
    Column("subject", String(120), nullable=False),
    Column("executor", String(80), nullable=False),
    Column("state", String(10), nullable=False),
    Column("counts", JSON, nullable=False),
    Column("error", Text, nullable=False),
    Column("error_class", String(40), nullable=False, server_default=""),
    Column("mend", Text, nullable=False, server_default=""),
    Column("started_at", String(32), nullable=False),
    Column("ended_at", String(32)),
    CheckConstraint("state in ('running', 'done', 'failed', 'held', 'canceled')", name="state"),
    _belongs(to="employer"),
)

schedule = Table(
    "schedule",
    metadata,
    # When a flow starts by itself. `slot_at` is the time that is meant, `next_at` when it is really due.
    _employer_key(),
    Column("name", String(60), primary_key=True),
    Column("flow", String(40), nullable=False),
    Column("connection_id", String(40)),
    Column("options", JSON, nullable=False),
    Column("cron", String(120), nullable=False),
    Column("every_s", Integer, nullable=False),
    Column("anchor_at", String(32), nullable=False),
    Column("zone", String(64), nullable=False),
    Column("closed_days", String(6), nullable=False),
    Column("country", String(2), nullable=False),
    Column("blackouts", JSON, nullable=False),
    Column("jitter_s", Integer, nullable=False),
    Column("catch_up", String(4), nullable=False),
    Column("state", String(6), nullable=False),
    Column("slot_at", String(32), nullable=False),
    Column("next_at", String(32), nullable=False),
    Column("last_at", String(32)),
    Column("last_run", String(40)),
    Column("note", Text, nullable=False),
    CheckConstraint("state in ('on', 'paused')", name="state"),
    CheckConstraint("catch_up in ('once', 'skip')", name="catch_up"),
    CheckConstraint("closed_days in ('run', 'skip', 'before', 'after')", name="closed_days"),
    _belongs(to="employer"),
    _belongs("connection_id", to="connection"),
)
Index("ix_schedule_due", schedule.c.state, schedule.c.next_at)
