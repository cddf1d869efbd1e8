"""`benehub up`: serves what vendors and clients call, on one machine."""

from __future__ import annotations

import typer

from benehub.cli.opening import opened_hub


def up(
    port: int = typer.Option(8080, "--port", min=0, max=65535, help="Port to listen on; 0 for a free one."),
    host: str = typer.Option("127.0.0.1", "--host", help="Address to listen on; this machine alone unless said."),
) -> None:
    """Serve webhooks, our SCIM endpoint, /healthz and /readyz until stopped. TLS is a proxy's."""
    from benehub.api.serving import serve
    from benehub.cli.console import say

    with opened_hub() as (_, hub):
        serve(hub, host, port, lambda address: say(f"listening on {address}; stop with Ctrl-C"))
    say("stopped")
