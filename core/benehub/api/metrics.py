"""`/metrics` for a monitor (Prometheus): what `views.metrics` counts, asked anew at each scrape.

It tells employers and connections by their names, so it is not for everybody: with the setting `metrics_token` it asks
for that token, without it only this machine itself is answered. A proxy on this machine is not this machine.
"""

from __future__ import annotations

import hmac
import ipaddress
from collections.abc import Iterator

from fastapi import APIRouter, HTTPException, Request, Response
from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector
from starlette.concurrency import run_in_threadpool

from benehub.api.front import front
from benehub.store import Store
from benehub.views.metrics import LATENCIES, figures, latencies

router = APIRouter()

FORWARDED = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip", "via")
"""Headers by which a call shows that a proxy has passed it on."""


@router.get("/metrics")
async def metrics(request: Request) -> Response:
    """The figures in the text format of Prometheus.

    Raises:
        HTTPException: 401 without the right token, 403 from another machine where there is none.
    """
    _admit(request)
    text = await run_in_threadpool(_scrape, request.app.state.hub.store)
    return Response(text, media_type=CONTENT_TYPE_LATEST, headers={"cache-control": "no-store"})


def _admit(request: Request) -> None:
    token = front(request).metrics_token
    if token:
        given = request.headers.get("authorization", "")
        if not hmac.compare_digest(given.encode(), f"Bearer {token}".encode()):
            raise HTTPException(401, "Send the token of the setting metrics_token", {"www-authenticate": "Bearer"})
    elif not _from_here(request):
        raise HTTPException(403, "Name a token by the setting metrics_token to read this from another machine")


def _from_here(request: Request) -> bool:
    if request.client is None or any(name in request.headers for name in FORWARDED):
        return False
    try:
        return ipaddress.ip_address(request.client.host).is_loopback
    except ValueError:
        return False


def _scrape(store: Store) -> bytes:
    registry = CollectorRegistry()
    registry.register(_Installation(store))
    return generate_latest(registry)


class _Installation(Collector):
    """The figures of the installation as metrics; a registry of its own each time, so that nothing is kept."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def describe(self) -> list[Metric]:
        """Nothing beforehand: registering asks no query."""
        return []

    def collect(self) -> Iterator[Metric]:
        """Each figure as a family."""
        for one in figures(self._store):
            kind = CounterMetricFamily if one.counter else GaugeMetricFamily
            family = kind(f"benehub_{one.name}", one.says, labels=one.labels)
            for labels, value in one.values:
                family.add_metric(labels, value)
            yield family
        took = HistogramMetricFamily(
            "benehub_dispatch_latency_seconds", "From frozen to sent, of the last day's dispatches.",
            labels=("employer", "connection"),
        )  # fmt: skip
        for line in latencies(self._store):
            bounds = [*zip(map(str, LATENCIES), line.within, strict=True), ("+Inf", line.count)]
            took.add_metric((line.employer, line.connection), [(bound, n) for bound, n in bounds], line.seconds)
        yield took
