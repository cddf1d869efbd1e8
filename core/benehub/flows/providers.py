"""Signing in by a provider (OpenID Connect). What was begun goes along sealed in the browser that began it."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from benehub.access import audit, identities, sessions, users
from benehub.access.audit import Place
from benehub.access.identities import Told, link, recognise
from benehub.access.sessions import Stage, Standing
from benehub.connect.oidc import LEEWAY, Begun, OidcClient, Provider, same_issuer
from benehub.errors import ConfigError, DataError
from benehub.flows.hub import Hub
from benehub.flows.signing_in import NOT_ANEW, Opened, Policy, Refused
from benehub.store import iso
from benehub.store.access_tables import user_account
from benehub.store.schema import INSTALLATION

LASTS: Final = timedelta(minutes=10)
"""How long somebody may take at the provider."""


@dataclass(frozen=True)
class SignInBy:
    """A provider that people may sign in by."""

    provider: Provider
    label: str
    roles: Mapping[str, Sequence[str]] = field(default_factory=dict)


@dataclass(frozen=True)
class _Kept:
    """What the browser kept, sealed."""

    begun: Begun
    at: datetime
    links: str
    shows: str


def begin(hub: Hub, by: SignInBy, back: str, links: str = "", shows: str = "") -> tuple[str, str]:
    """The address to send the browser to, and what it keeps, sealed, until it comes back.

    `links` is the user, signed in already, who is to come in by this provider from then on. `shows` is the user,
    signed in already, who is to show again who he is: the provider is told to ask, though it knows who is there.

    Raises:
        VendorUnavailable: the provider does not answer.
        ConfigError: it is not what the setting says it is.
    """
    address, begun = OidcClient(by.provider, hub.store.clock).begin(back, bool(shows))
    told = {
        "provider": by.provider.name, "state": begun.state, "nonce": begun.nonce, "verifier": begun.verifier,
        "at": iso(hub.store.clock()), "links": links, "shows": shows,
    }  # fmt: skip
    sealed = hub.store.vault.seal(json.dumps(told).encode(), f"{INSTALLATION}/oidc")
    return address, base64.urlsafe_b64encode(sealed).decode()


def finish(
    hub: Hub, by: SignInBy, back: str, kept: str, query: Mapping[str, str], place: Place, policy: Policy,
    before: Standing | None = None,
) -> Opened | Refused:  # fmt: skip
    """Let in who comes back, if it is somebody we know or whose groups stand for roles; or link him, if he asked to be.

    That a provider lets somebody in proves nothing anew: it may have known him for days. Who is to show again who he
    is has to be the one that it asked since; else what he has open stays as it is.

    Raises:
        DataError: what came back is not to be believed.
        VendorUnavailable: the provider does not answer.
    """
    own = _begun(hub, by, kept)
    claims = OidcClient(by.provider, hub.store.clock).finish(back, own.begun, query)
    told = Told(
        claims.issuer, claims.subject, claims.email, claims.verified, claims.name, claims.groups, claims.employee
    )
    action = f"sign in by {by.provider.name}"
    if own.links:
        return _linked(hub, by, told, own.links, place, policy, before)
    asked = claims.asked_at is not None and claims.asked_at >= int(own.at.timestamp()) - LEEWAY
    with hub.store.write(INSTALLATION) as session:
        user = recognise(session, by.provider.name, told, by.roles)
        if not user or users.get(session, user).state != "active":
            audit.note(session, user, action, place=place, outcome="refused")
            return Refused()
        if own.shows and not (asked and user == own.shows):
            audit.note(session, own.shows, f"show who one is by {by.provider.name}", place=place, outcome="refused")
            return Refused(reason=NOT_ANEW)
        if before is not None:
            sessions.end(session, before)
        proved_at = session.clock() if own.shows else None
        secret = sessions.begin(session, user, Stage.OPEN, f"oidc:{by.provider.name}", policy.lifetimes, proved_at)
        session.change(user_account, {"user_id": user}, signed_in_at=session.now())
        audit.note(session, user, action, place=place)
        return Opened(secret, Stage.OPEN)


def linked(hub: Hub, user: str, known: Mapping[str, SignInBy]) -> list[str]:
    """The names of the providers of the settings by which a user comes in."""
    with hub.store.read(INSTALLATION) as session:
        return leading(identities.linked(session, user), known)


def leading(issuers: Iterable[str], known: Mapping[str, SignInBy]) -> list[str]:
    """The names of the providers of the settings that are these issuers."""
    told = list(issuers)
    return [name for name, by in known.items() if any(same_issuer(by.provider.issuer, one) for one in told)]


def _linked(
    hub: Hub, by: SignInBy, told: Told, user: str, place: Place, policy: Policy, before: Standing | None
) -> Opened | Refused:  # fmt: skip
    """Only the session that asked for it may link: whoever is signed in by now has to be the one who began."""
    action = f"link {by.provider.name}"
    with hub.store.write(INSTALLATION) as session:
        may = before is not None and before.user == user and before.stage is Stage.OPEN
        if before is None or not may or not link(session, told, user):
            audit.note(session, user, action, place=place, outcome="refused")
            return Refused(reason="taken" if may else "")
        secret = sessions.step(session, before, Stage.OPEN, policy.lifetimes)
        audit.note(session, user, action, place=place)
        return Opened(secret, Stage.OPEN)


def _begun(hub: Hub, by: SignInBy, kept: str) -> _Kept:
    """What this browser began, and not too long ago."""
    try:
        told = json.loads(hub.store.vault.open(base64.urlsafe_b64decode(kept), f"{INSTALLATION}/oidc"))
    except (ConfigError, ValueError):
        told = {}
    fresh = bool(told) and hub.store.clock() - datetime.fromisoformat(told["at"]) < LASTS
    if not fresh or told["provider"] != by.provider.name:
        raise DataError("this sign-in was not begun in this browser, or too long ago", where="sign-in",
                        mend="Begin again from the sign-in page")  # fmt: skip
    begun = Begun(told["state"], told["nonce"], told["verifier"])
    return _Kept(begun, datetime.fromisoformat(told["at"]), str(told["links"]), str(told.get("shows", "")))
