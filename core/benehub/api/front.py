"""What the fronts know of the installation: its address, what it asks of a sign-in, and the providers it takes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from starlette.requests import Request

from benehub.access.audit import Place
from benehub.access.identities import check_roles
from benehub.access.sessions import Lifetimes
from benehub.connect.oidc import Provider
from benehub.flows.providers import SignInBy
from benehub.flows.signing_in import Policy
from benehub.settings import Settings, resolve_secret

_HERE = ("localhost", "127.0.0.1", "::1", "[::1]")


@dataclass(frozen=True)
class Front:
    """As `benehub up` was told by the settings."""

    public_url: str = ""
    policy: Policy = field(default_factory=Policy)
    providers: Mapping[str, SignInBy] = field(default_factory=dict)
    trusted_proxies: str = "127.0.0.1,::1"
    metrics_token: str = field(default="", repr=False)
    """What a monitor has to show; empty lets in who asks on this machine."""
    upload_bytes: int = 20 * 1024 * 1024
    """How large a table may be that is uploaded by hand."""

    def secure(self, request: Request) -> bool:
        """Whether the browser speaks https with us, or with the proxy before us."""
        return self.public_url.startswith("https://") or request.url.scheme == "https"

    def private(self, request: Request) -> bool:
        """Whether a secret may go over this line: it is https, or does not leave this machine."""
        return self.secure(request) or request.url.hostname in _HERE

    def origin(self, request: Request) -> str:
        """Scheme and host of our own pages, as a browser names them."""
        return self.public_url.rstrip("/") or f"{request.url.scheme}://{request.url.netloc}"


def front_of(settings: Settings) -> Front:
    """The front that the settings describe.

    Raises:
        ConfigError: a client secret is not there, or a role is unknown.
    """
    providers = {}
    for name, one in settings.oidc.items():
        check_roles(role for roles in one.roles.values() for role in roles)
        secret = resolve_secret(one.client_secret) if one.client_secret else ""
        provider = Provider(name, one.issuer, one.client_id, secret, one.scope, one.groups_claim, one.employee_claim)
        providers[name] = SignInBy(provider, one.label or name, one.roles)
    lifetimes = Lifetimes(timedelta(minutes=settings.session_idle_minutes), timedelta(hours=settings.session_hours))
    policy = Policy(lifetimes, settings.second_factor == "required")
    token = resolve_secret(settings.metrics_token) if settings.metrics_token else ""
    return Front(
        settings.public_url, policy, providers, settings.trusted_proxies, token, settings.upload_mib * 1024 * 1024
    )


def front(request: Request) -> Front:
    """The front of the application that a call came to."""
    found: Front = request.app.state.front
    return found


def place(request: Request) -> Place:
    """Where a call came from, for the trail."""
    api = request.url.path.startswith("/api/")
    return Place("api" if api else "web", request.client.host if request.client else "")
