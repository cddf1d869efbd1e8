"""`benehub webhooks subscriptions`: who hears of our events, what each was told, and what did not arrive."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any

import typer

from benehub.cli.known import must_know
from benehub.cli.opening import DRY_RUN, EMPLOYER, JSON, opened

app = typer.Typer(no_args_is_help=True, help="Webhooks of ours: who hears of events, and what became of each message.")

EVENT = typer.Option([], "--event", help="An event it hears of; repeatable. Left out, all.")
ID = typer.Argument(..., help="Id of the subscription (whs_...).")
SECRET = typer.Option(
    "", "--secret",
    help="Where your secret lies: env:BENEHUB_HOOK_NAME or keyring:benehub-hook-name. Left out, one is made and shown"
    " this once.",
)  # fmt: skip
TOLD = ("subscription", "url", "events", "state", "last_at", "last_reason", "failed_in_row", "waiting", "dead")
MESSAGE = ("message", "event", "ref", "at", "state", "tries", "next_at", "reason")


@app.command("list")
def list_(employer: str = EMPLOYER, as_json: bool = JSON) -> None:
    """List who hears of what, how the last try went, what waits and what was given up."""
    from benehub.cli.console import emit, table
    from benehub.views.hook_messages import subscriptions

    with opened(employer) as desk, desk.store.read(desk.employer) as session:
        data = subscriptions(session)
    rows = [[", ".join(one[name]) if name == "events" else str(one[name] or "") for name in TOLD] for one in data]
    emit(data, as_json, table("webhooks sent", TOLD, rows, ("failed_in_row", "waiting", "dead")))


@app.command()
def add(
    url: str = typer.Argument(..., help="Address that hears: https, and public unless webhook_hosts names its host."),
    event: list[str] = EVENT,
    secret: str = SECRET,
    employer: str = EMPLOYER,
    as_json: bool = JSON,
    dry_run: bool = DRY_RUN,
) -> None:
    """Let an address hear of events from now on. A secret that is made for it is shown this once."""
    from benehub.flows import hook_subscriptions
    from benehub.store.events import EVENTS

    with opened(employer) as desk, _on(desk.hub, dry_run) as hub:
        made = hook_subscriptions.subscribe(hub, desk.employer, url, event or list(EVENTS), secret, "the command line")
    _tell(made.id, made.secret, as_json, dry_run)


@app.command()
def rotate(
    subscription: str = ID,
    secret: str = SECRET,
    employer: str = EMPLOYER,
    as_json: bool = JSON,
    dry_run: bool = DRY_RUN,
) -> None:
    """Sign with another secret; for 24 hours messages are signed with the one before, too."""
    from benehub.flows import hook_subscriptions

    with opened(employer) as desk, _on(desk.hub, dry_run) as hub:
        made = hook_subscriptions.rotate(hub, desk.employer, subscription, secret)
    _tell(subscription, made, as_json, dry_run)


@app.command()
def pause(subscription: str = ID, employer: str = EMPLOYER, dry_run: bool = DRY_RUN) -> None:
    """Let it hear nothing: what happens meanwhile is not made up for, what waits stays."""
    _set(subscription, "paused", employer, dry_run)


@app.command()
def resume(subscription: str = ID, employer: str = EMPLOYER, dry_run: bool = DRY_RUN) -> None:
    """Let it hear again."""
    _set(subscription, "on", employer, dry_run)


@app.command()
def remove(subscription: str = ID, employer: str = EMPLOYER, dry_run: bool = DRY_RUN) -> None:
    """End it, with what waits for it."""
    from benehub.cli.console import say
    from benehub.flows import hook_subscriptions

    with opened(employer) as desk, _on(desk.hub, dry_run) as hub:
        hook_subscriptions.remove(hub, desk.employer, subscription)
    say(f"removed: {subscription}{_dry(dry_run)}")


@app.command()
def test(subscription: str = ID, employer: str = EMPLOYER, dry_run: bool = DRY_RUN) -> None:
    """Put a message that says nothing into its queue; a worker sends it, `deliveries` tells what came of it."""
    from benehub.cli.console import say
    from benehub.flows import hook_subscriptions

    with opened(employer) as desk, _on(desk.hub, dry_run) as hub:
        message = hook_subscriptions.send_test(hub, desk.employer, subscription)
    say(f"waits to be sent: {message}{_dry(dry_run)}")


@app.command()
def deliveries(
    subscription: str = ID,
    state: str = typer.Option("", "--state", help="Only waiting, delivered or dead (given up) ones."),
    limit: int = typer.Option(50, "--limit", min=1, max=10_000, help="Newest messages to show."),
    employer: str = EMPLOYER,
    as_json: bool = JSON,
) -> None:
    """List its messages, the newest first, with what the receiver said last."""
    from benehub.cli.console import emit, table
    from benehub.flows.hook_subscriptions import get
    from benehub.views.hook_messages import STATES, messages

    must_know("state of a message", state, STATES, "--state")
    with opened(employer) as desk, desk.store.read(desk.employer) as session:
        get(session, subscription)
        data = messages(session, subscription, state, limit)
    emit(data, as_json, table("messages", MESSAGE, [[str(one[name] or "") for name in MESSAGE] for one in data]))


@app.command()
def resend(
    subscription: str = ID,
    message: str = typer.Argument("", help="Id of a message (whm_...); left out, all that failed."),
    employer: str = EMPLOYER,
    dry_run: bool = DRY_RUN,
) -> None:
    """Try anew what was given up, and at once what failed and waits."""
    from benehub.cli.console import say
    from benehub.flows import hook_subscriptions

    count = 1
    with opened(employer) as desk, _on(desk.hub, dry_run) as hub:
        if message:
            hook_subscriptions.resend(hub, desk.employer, subscription, message)
        else:
            count = hook_subscriptions.resend_all(hub, desk.employer, subscription)
    say(f"{count} tried anew by the next worker{_dry(dry_run)}")


def _set(subscription: str, state: str, employer: str, dry_run: bool) -> None:
    from benehub.cli.console import say
    from benehub.flows import hook_subscriptions

    with opened(employer) as desk, _on(desk.hub, dry_run) as hub:
        hook_subscriptions.set_state(hub, desk.employer, subscription, state)
    say(f"{state}: {subscription}{_dry(dry_run)}")


def _on(hub: Any, dry_run: bool) -> Any:
    """The hub, or one whose changes are taken back."""
    from benehub.cli.rehearsal import rehearsal

    return rehearsal(hub) if dry_run else nullcontext(hub)


def _dry(dry_run: bool) -> str:
    return " (dry run)" if dry_run else ""


def _tell(subscription: str, secret: str, as_json: bool, dry_run: bool) -> None:
    from benehub.cli.console import emit, fields

    shown = ("(dry run)" if dry_run else secret) if secret else "by reference"
    told = {"subscription": subscription, "secret": shown}
    emit(told, as_json, fields("webhook", told))
