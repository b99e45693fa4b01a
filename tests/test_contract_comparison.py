"""The comparison of two descriptions tells each difference once, and none where there is none."""

from typing import Any

import yaml

from conto import __version__
from conto.api import openapi
from conto.api.server import all_endpoints
from tests.contract_comparison import JUDGED, Comparison, Document, judged


def described(tax: dict[str, Any], parameters: tuple[dict[str, Any], ...] = (), base: str = "") -> Document:
    """A description of two calls about a tax."""
    answer = {"200": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Tax"}}}}}
    body = {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Tax"}}}}
    return Document(
        {
            "paths": {
                f"{base}/taxes": {"post": {"requestBody": body, "responses": answer}},
                f"{base}/taxes/{{code}}": {"get": {"parameters": list(parameters), "responses": answer}},
            },
            "components": {"schemas": {"Tax": tax}},
        }
    )


def compared(theirs: Document, ours: Document) -> list[str]:
    comparison = Comparison(theirs, ours)
    assert comparison.run() == 2
    return comparison.lines


def test_every_kind_of_difference_is_told_once_for_reading_and_once_for_writing():
    theirs = described(
        {
            "type": "object",
            "required": ["name"],
            "properties": {"name": {"type": "string"}, "rate": {"type": "number"}, "kind": {"enum": ["a", "b"]}},
        },
        ({"name": "codes[]", "in": "query", "schema": {"type": "array", "items": {"type": "string"}}},),
    )
    ours = described(
        {
            "allOf": [{"properties": {"name": {"anyOf": [{"type": "string"}, {"type": "null"}]}}}],
            "properties": {"rate": {"type": ["string", "number"]}, "kind": {"enum": ["a", "c"]}, "new": {}},
        },
        base="/api/v1",
    )
    expected = {
        ".kind: only here c",
        ".kind: only there b",
        ".name: null only here",
        ".new: only here",
        ".rate: number there, number|string here",
    }
    assert sorted(compared(theirs, ours)) == sorted(
        ["GET /taxes/{} ?codes: only there"]
        + ["in Tax.name: mandatory only there", "out Tax.name: always given only there"]
        + [f"{way} Tax{line}" for way in ("in", "out") for line in expected]
    )


def test_our_own_description_does_not_differ_from_itself():
    document = openapi.document(all_endpoints(), __version__)
    bare = {**document, "paths": {path.removeprefix("/api/v1"): item for path, item in document["paths"].items()}}
    comparison = Comparison(Document(bare), Document(document))
    assert comparison.run() > 40
    assert comparison.lines == []


def test_every_judged_difference_has_its_reason():
    known = yaml.safe_load(JUDGED.read_text())
    assert [pattern for pattern, reason in known.items() if not (isinstance(reason, str) and reason)] == []


def test_what_was_judged_is_known_by_its_pattern():
    known = {"out *: null only there": "never null", "in X.tags[].name: only there": "not yet"}
    lines = ["out Tax.name: null only there", "in X.tags[].name: only there", "in X.tags: only there"]
    assert [reason for _, reason in judged(lines, known)] == ["never null", "not yet", None]
