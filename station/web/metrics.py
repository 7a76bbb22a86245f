"""/metrics for Prometheus: for the operator, or for whoever shows the token of the setting."""

import hmac
from collections.abc import Iterator

from flask import Blueprint, Response, request
from flask.typing import ResponseReturnValue
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from station.selfwatch import figures
from station.selfwatch.figures import Family
from station.web import access, connection

bp = Blueprint("metrics", __name__)


class _Figures(Collector):
    """Counts at the moment of asking; nothing lives in the process, of which there are several."""

    def collect(self) -> Iterator[Metric]:
        config, now = connection.config(), connection.now()
        yield from map(_metric, figures.all_of(connection.get_db(), config, now))


def _may_read() -> bool:
    """Whether the request carries the token that a scraper was given."""
    token = connection.config().metrics_token
    shown = request.headers.get("Authorization", "").removeprefix("Bearer ")
    return bool(token) and hmac.compare_digest(shown.encode(), token.encode())


@bp.get("/metrics")
@access.allowed("operator", unless=_may_read)
def metrics() -> ResponseReturnValue:
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Figures())
    return Response(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


def _metric(family: Family) -> Metric:
    make = CounterMetricFamily if family.kind == "counter" else GaugeMetricFamily
    made = make(family.name, family.help, labels=family.labels)
    for labels, value in family.samples:
        made.add_metric(labels, value)
    return made
