"""Measurements of requests and of their log, in a registry of their own."""

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Histogram, generate_latest

BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class RequestMetrics:
    """How long requests took, by method, route and status, and how many could not be logged."""

    content_type = CONTENT_TYPE_LATEST

    def __init__(self, registry: CollectorRegistry | None = None) -> None:
        self.registry = registry or CollectorRegistry()
        self.seconds = Histogram(
            "conto_http_request_seconds",
            "Time from a request's arrival to the end of its answer.",
            ("method", "route", "status"),
            buckets=BUCKETS,
            registry=self.registry,
        )
        self.dropped_calls = Counter(
            "conto_api_log_dropped",
            "Calls of the API that were not logged, because they could not be written in time.",
            registry=self.registry,
        )
        self.children: dict[tuple[str, str, int], Histogram] = {}

    def observe(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count one request; `route` is its template, never the path itself."""
        key = (method, route, status)
        child = self.children.get(key)
        if child is None:
            child = self.children[key] = self.seconds.labels(method, route, str(status))
        child.observe(seconds)

    def render(self) -> bytes:
        """All of the registry, in Prometheus's text format."""
        return generate_latest(self.registry)
