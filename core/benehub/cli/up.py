"""`benehub up`: serves what vendors and clients call, on one machine."""

from __future__ import annotations

import typer

from benehub.cli.opening import opened_hub


def up(
    port: int = typer.Option(8080, "--port", min=0, max=65535, help="Port to listen on; 0 for a free one."),
    host: str = typer.Option("127.0.0.1", "--host", help="Address to listen on; this machine alone unless said."),
    no_worker: bool = typer.Option(False, "--no-worker", help="Serve alone; `benehub worker` runs the jobs."),
) -> None:
    """Serve pages, the API, webhooks, our SCIM endpoint and metrics, with a worker, until stopped. TLS is a proxy's."""
    from benehub.api.front import front_of
    from benehub.api.serving import serve
    from benehub.cli.console import say
    from benehub.cli.logs import configure
    from benehub.flows.worker import engine_beside, worker_beside

    with opened_hub() as (settings, hub):
        configure(settings.log_level, settings.log_format, runs=True)
        front = front_of(settings)
        beside = engine_beside(hub) if no_worker else worker_beside(hub)
        with beside as ended:
            serve(hub, host, port, lambda address: say(f"listening on {address}; stop with Ctrl-C"), ended, front)
    say("stopped")
