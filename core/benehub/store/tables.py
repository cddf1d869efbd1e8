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
    func,
    literal_column,
)

from benehub.store import access_tables as access_tables
from benehub.store.api_tables import first_result as first_result
from benehub.store.api_tables import hook_message as hook_message
from benehub.store.api_tables import hook_subscription as hook_subscription
from benehub.store.balance_tables import account_block as account_block
from benehub.store.balance_tables import account_day as account_day
from benehub.store.call_tables import call_window as call_window
from benehub.store.call_tables import pushed_resource as pushed_resource
from benehub.store.call_tables import webhook_delivery as webhook_delivery
from benehub.store.call_tables import webhook_door as webhook_door
from benehub.store.credit_tables import credit_claim as credit_claim
from benehub.store.deadline_tables import alarm as alarm
from benehub.store.deadline_tables import looked as looked
from benehub.store.deadline_tables import notification as notification
from benehub.store.difference_tables import closing as closing
from benehub.store.difference_tables import comparison as comparison
from benehub.store.difference_tables import difference as difference
from benehub.store.difference_tables import difference_event as difference_event
from benehub.store.difference_tables import still_open as still_open
from benehub.store.difference_tables import suppression as suppression
from benehub.store.fix_tables import fix as fix
from benehub.store.fix_tables import fix_obligation as fix_obligation
from benehub.store.fix_tables import fixing as fixing
from benehub.store.intake_tables import batch_open as batch_open
from benehub.store.intake_tables import chunk_waits as chunk_waits
from benehub.store.intake_tables import intake_batch as intake_batch
from benehub.store.intake_tables import intake_chunk as intake_chunk
from benehub.store.intake_tables import intake_page as intake_page
from benehub.store.intake_tables import intake_row as intake_row
from benehub.store.intake_tables import intake_same as intake_same
from benehub.store.intake_tables import payload as payload
from benehub.store.intake_tables import row_names as row_names
from benehub.store.intake_tables import row_unasked as row_unasked
from benehub.store.intake_tables import row_waits as row_waits
from benehub.store.intake_tables import seen as seen
from benehub.store.intake_tables import waited as waited
from benehub.store.page_tables import message as message
from benehub.store.page_tables import question as question
from benehub.store.page_tables import upload as upload
from benehub.store.partner_tables import control_line as control_line
from benehub.store.partner_tables import member_state as member_state
from benehub.store.partner_tables import push_permit as push_permit
from benehub.store.people_tables import LONGEST_ID as LONGEST_ID
from benehub.store.people_tables import crosswalk as crosswalk
from benehub.store.people_tables import is_dependent as is_dependent
from benehub.store.people_tables import of_family as of_family
from benehub.store.people_tables import person as person
from benehub.store.people_tables import renamed as renamed
from benehub.store.people_tables import suggestion as suggestion
from benehub.store.schema import belongs as _belongs
from benehub.store.schema import employer_key as _employer_key
from benehub.store.schema import metadata as metadata
from benehub.store.statement_tables import kept_statement as kept_statement

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
    # Without the accounts at banks and vendors, which are sealed each with its place.
    Column("settings", JSON, nullable=False),
    Column("mode", String(8), nullable=False),
    Column("settings_sealed", LargeBinary),
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
    # When a read last brought any row; empty: none has.
    Column("told_at", String(32), nullable=False, server_default=""),
    _belongs("connection_id", to="connection"),
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
Index(
    "ix_fact_unread", fact.c.employer_id, fact.c.seq,
    sqlite_where=fact.c.batch_id.is_(None), postgresql_where=fact.c.batch_id.is_(None),
)  # fmt: skip

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
_of_a_day = confirmation.c.pay_date.is_not(None)
Index(
    "ix_confirmation_pay", confirmation.c.employer_id, confirmation.c.kind, confirmation.c.connection_id,
    confirmation.c.current, confirmation.c.pay_date, confirmation.c.person_id, confirmation.c.plan, confirmation.c.part,
    confirmation.c.amount, confirmation.c.on_date, sqlite_where=_of_a_day, postgresql_where=_of_a_day,
)  # fmt: skip
_unlinked = confirmation.c.person_id.is_(None)
Index(
    "ix_confirmation_unlinked", confirmation.c.employer_id, confirmation.c.connection_id, confirmation.c.external_id,
    sqlite_where=_unlinked, postgresql_where=_unlinked,
)  # fmt: skip

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
# Few entries follow another one. All others would only make each insert dearer: beyond some pages changed by one row,
# SQLite keeps what it needs to undo the row in a file.
for _name in ("pending", "reverses"):
    _follows = entry.c[f"{_name}_id"].is_not(None)
    Index(
        f"ix_entry_{_name}", entry.c.employer_id, entry.c[f"{_name}_id"],
        sqlite_where=_follows, postgresql_where=_follows,
    )  # fmt: skip
# What a dispatch has paid, and what a fix or for a difference was posted, is asked by it. What begins so stands in the
# text of the condition, never as a parameter: a query has to say the same words for SQLite to take the index.
SOURCED = func.substr(entry.c.source, literal_column("1"), literal_column("4")).in_(
    [literal_column("'dif_'"), literal_column("'dis_'"), literal_column("'fix '")]
)
Index(
    "ix_entry_source", entry.c.employer_id, entry.c.source, entry.c.type,
    sqlite_where=SOURCED, postgresql_where=SOURCED,
)  # fmt: skip

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
    # The entry's type where it is posted, null where it only expects or voids: said here again, because what an account
    # holds is asked of millions of legs, and looking their entries up costs more than all the rest.
    Column("posted_as", String(40)),
    CheckConstraint("amount <> 0", name="amount"),
    # Legs come first, the header seals them; the deferred key refuses legs without a header at commit.
    _belongs("entry_id", to="entry", deferred=True),
    _belongs("person_id", to="person"),
)
Index("ix_leg_account", leg.c.employer_id, leg.c.account, leg.c.person_id, leg.c.plan)
_of_a_pay = leg.c.pay_date.is_not(None)
Index(
    "ix_leg_pay", leg.c.employer_id, leg.c.account, leg.c.pay_date, leg.c.person_id, leg.c.plan, leg.c.money_source,
    leg.c.amount, leg.c.posted_as, sqlite_where=_of_a_pay, postgresql_where=_of_a_pay,
)  # fmt: skip

# What is owed to carriers and what has left to them is asked by month of cover, of all months ever billed: the
# accounts stand in the text of the condition, as in `SOURCED`.
OF_CARRIERS = leg.c.account.in_([literal_column("'1010'"), literal_column("'2100'")])
Index(
    "ix_leg_carriers", leg.c.employer_id, leg.c.account, leg.c.coverage_month, leg.c.plan, leg.c.person_id, leg.c.batch,
    leg.c.posted_as, leg.c.amount, sqlite_where=OF_CARRIERS, postgresql_where=OF_CARRIERS,
)  # fmt: skip

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
    # What was due of the same beside it when it was made: no part of what it says.
    Column("beside_minor", BigInteger, nullable=False, server_default="0"),
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
Index("ix_obligation_order", obligation.c.employer_id, obligation.c.seq, obligation.c.obligation_id)
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
    # Of how many people a file tells, and the first of them as the audit trail names them; empty where nobody has
    # looked yet at one that does not say it by itself.
    Column("people", Integer),
    Column("first_people", JSON),
    UniqueConstraint("employer_id", "business_key", "revision"),
    CheckConstraint("state in ('prepared', 'held', 'refused', 'sending', 'unknown', 'sent', 'failed')", name="state"),
    _belongs("connection_id", to="connection"),
)
Index("ix_dispatch_state", dispatch.c.employer_id, dispatch.c.state)
Index("ix_dispatch_order", dispatch.c.employer_id, dispatch.c.seq, dispatch.c.dispatch_id)
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
    Column("put_off", Integer, nullable=False, server_default="0"),
    CheckConstraint("state in ('running', 'done', 'failed', 'held', 'canceled')", name="state"),
    _belongs(to="employer"),
)

Index("ix_run_order", run.c.employer_id, run.c.started_at, run.c.run_id)

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
