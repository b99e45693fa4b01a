"""Log lines: their form, and that they hold no credentials."""

import json

import pytest
import structlog

from conto.api import logs


@pytest.fixture(autouse=True)
def restored():
    before = structlog.get_config()
    yield
    structlog.configure(**before)


def fail(secret: str) -> None:
    raise RuntimeError("broken")


@pytest.mark.parametrize("form", ["json", "console"])
def test_a_traceback_shows_no_local_variables(form: logs.Form, capsys: pytest.CaptureFixture[str]):
    logs.configure("info", form)
    try:
        fail(f"Bearer {'1234' * 2}")
    except RuntimeError as error:
        structlog.get_logger().error("request failed", exc_info=error)
    shown = capsys.readouterr().out
    assert "RuntimeError" in shown
    assert "broken" in shown
    assert "12341234" not in shown


def test_a_json_line_holds_the_context(capsys: pytest.CaptureFixture[str]):
    logs.configure("warning")
    with structlog.contextvars.bound_contextvars(request_id="r"):
        structlog.get_logger().info("unseen")
        structlog.get_logger().warning("seen", count=1)
    line = json.loads(capsys.readouterr().out)
    assert (line["event"], line["request_id"], line["count"], line["level"]) == ("seen", "r", 1, "warning")
    assert line["timestamp"].endswith("Z")


def test_an_unknown_level_is_refused():
    with pytest.raises(KeyError):
        logs.configure("loud")
