"""The tables of access: users, what they may do, what they sign in with, and the trail of what they saw and did.

Users, sessions and tokens belong to the installation, not to one employer: their key says `INSTALLATION`. Roles and
persons name the employer they are for in a column of its own. The trail is kept by employer.
"""

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
    UniqueConstraint,
)

from benehub.store.schema import belongs, employer_key, metadata

user_account = Table(
    "user_account",
    metadata,
    employer_key(),
    Column("user_id", String(40), primary_key=True),
    # Lower case; what one signs in with.
    Column("email", String(254), nullable=False),
    Column("name", Text, nullable=False),
    Column("state", String(8), nullable=False),
    # argon2id, with its parameters; empty for who comes by a provider only.
    Column("password_hash", Text, nullable=False),
    Column("must_change", Integer, nullable=False),
    # The seed in use, and one that waits for its first code.
    Column("totp_sealed", LargeBinary),
    Column("totp_new_sealed", LargeBinary),
    # The newest time step whose code was taken: no code of it or of an older one counts again.
    Column("totp_step", BigInteger, nullable=False),
    Column("made_at", String(32), nullable=False),
    Column("signed_in_at", String(32)),
    CheckConstraint("state in ('active', 'disabled')", name="state"),
    UniqueConstraint("employer_id", "email"),
)

user_role = Table(
    "user_role",
    metadata,
    employer_key(),
    Column("user_id", String(40), primary_key=True),
    # The employer the role is for; `*` for all of them.
    Column("role_for", String(40), primary_key=True),
    Column("role", String(20), primary_key=True),
    # `by` of a provider's group claim is `oidc:NAME`: it goes with the claim.
    Column("given_by", String(80), primary_key=True),
    Column("given_at", String(32), nullable=False),
    belongs("user_id", to="user_account"),
)

user_person = Table(
    "user_person",
    metadata,
    # Which person of an employer a user is.
    employer_key(),
    Column("user_id", String(40), primary_key=True),
    Column("person_of", String(40), primary_key=True),
    Column("person_id", String(40), nullable=False),
    belongs("user_id", to="user_account"),
    UniqueConstraint("employer_id", "person_of", "person_id"),
)

user_identity = Table(
    "user_identity",
    metadata,
    # Who a user is to a provider: issuer and subject together, never the email.
    employer_key(),
    Column("issuer", String(255), primary_key=True),
    Column("subject", String(255), primary_key=True),
    Column("user_id", String(40), nullable=False),
    Column("made_at", String(32), nullable=False),
    belongs("user_id", to="user_account"),
)

user_invitation = Table(
    "user_invitation",
    metadata,
    # By which provider an owner lets a user come in the first time, by an address that it has verified.
    employer_key(),
    Column("user_id", String(40), primary_key=True),
    Column("provider", String(80), primary_key=True),
    Column("given_by", String(80), nullable=False),
    Column("given_at", String(32), nullable=False),
    belongs("user_id", to="user_account"),
)

recovery_code = Table(
    "recovery_code",
    metadata,
    employer_key(),
    Column("user_id", String(40), primary_key=True),
    Column("code_hash", String(64), primary_key=True),
    Column("used_at", String(32)),
    belongs("user_id", to="user_account"),
)

user_session = Table(
    "user_session",
    metadata,
    # The browser holds the secret, here is its keyed digest.
    employer_key(),
    Column("session_hash", String(64), primary_key=True),
    Column("user_id", String(40), nullable=False),
    # What is still to be done before it opens anything: a code, an enrolment, another password; or nothing.
    Column("stage", String(8), nullable=False),
    Column("way", String(80), nullable=False),
    Column("made_at", String(32), nullable=False),
    Column("seen_at", String(32), nullable=False),
    Column("ends_at", String(32), nullable=False),
    # When its user last showed all of who he is; nothing where he was let in without.
    Column("proved_at", String(32)),
    CheckConstraint("stage in ('code', 'enrol', 'password', 'open')", name="stage"),
    belongs("user_id", to="user_account"),
)
Index("ix_user_session_user", user_session.c.employer_id, user_session.c.user_id)

api_token = Table(
    "api_token",
    metadata,
    employer_key(),
    Column("token_id", String(40), primary_key=True),
    Column("token_hash", String(64), nullable=False),
    Column("user_id", String(40), nullable=False),
    Column("label", String(80), nullable=False),
    Column("scopes", JSON, nullable=False),
    Column("made_at", String(32), nullable=False),
    Column("ends_at", String(32), nullable=False),
    Column("used_at", String(32)),
    Column("revoked_at", String(32)),
    UniqueConstraint("employer_id", "token_hash"),
    belongs("user_id", to="user_account"),
)

sign_in_attempt = Table(
    "sign_in_attempt",
    metadata,
    # Failed attempts of an account or from an address, by keyed digest; whether the account exists does not matter.
    employer_key(),
    Column("attempt_by", String(64), primary_key=True),
    Column("failures", Integer, nullable=False),
    Column("last_at", String(32), nullable=False),
    Column("held_until", String(32), nullable=False),
)

audit = Table(
    "audit",
    metadata,
    # Who saw or changed what, by employer, or of the installation. Each row's digest covers the one before.
    employer_key(),
    Column("audit_no", BigInteger, primary_key=True),
    Column("at", String(32), nullable=False),
    Column("who", String(80), nullable=False),
    # The session or token it came by.
    Column("by_what", String(40), nullable=False),
    Column("front", String(8), nullable=False),
    Column("address", String(64), nullable=False),
    Column("action", String(200), nullable=False),
    Column("permission", String(30), nullable=False),
    Column("ref", Text, nullable=False),
    Column("outcome", String(8), nullable=False),
    # The row in which this was asked for.
    Column("of_no", BigInteger, nullable=False),
    Column("digest", String(64), nullable=False),
    CheckConstraint("outcome in ('asked', 'done', 'refused', 'failed')", name="outcome"),
)
Index("ix_audit_at", audit.c.employer_id, audit.c.at)

trail_head = Table(
    "trail_head",
    metadata,
    # Where an employer's trail ends, taken under a lock: rows that are gone from its end are missed too.
    employer_key(),
    Column("audit_no", BigInteger, nullable=False),
    Column("digest", String(64), nullable=False),
)
