"""Scenarios: HTTP calls made at given instants, and the facts that must then hold.

A file below tests/scenarios is a list of scenarios in YAML. Each has

    scenario   what it shows
    id         unique, the area first
    source     the chapter that says so
    note       what a reader should know, if anything
    start      the test clock's first instant; 2024-01-01T00:00:00Z if not given
    todo       why it is left out, where it is
    steps      what happens, each step with either
        at     move the clock there: all that falls due on the way is done
        call   METHOD /path below /api/v1, with `body`, and of the answer its `status` (any 2xx if not given),
               `expect`, which maps JMESPath to the value there, and `save`, which maps a name to JMESPath

A saved value stands for `${name}` in later paths, bodies and expectations. Always there are `${billing_entity_code}`
of the default billing entity, `${uuid}`, a new one each time, and `${ts:INSTANT}` in epoch seconds. An expectation
names the keys of an object that matter; `null` is also a missing key; numbers and instants compare by value.
"""

import json
import re
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

import httpx
import jmespath
import yaml

FOLDER = Path(__file__).parent / "scenarios"
START = "2024-01-01T00:00:00Z"
KEYS = {"scenario", "id", "source", "note", "start", "todo", "steps"}
STEPS = ({"at", "note"}, {"call", "body", "status", "expect", "save", "note"})
VARIABLE = re.compile(r"\$\{([^}]+)\}")
DATE_TIME = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d")


class ScenarioFailed(AssertionError):
    """A fact is not what it must be; the message says which, in one line."""


class Reader(yaml.SafeLoader):
    """YAML whose dates stay texts, as they are in JSON."""


Reader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def load(folder: Path = FOLDER) -> list[dict[str, Any]]:
    """All scenarios below the folder, by id. Each is checked to be one."""
    found: dict[str, dict[str, Any]] = {}
    for path in sorted(folder.rglob("*.yaml")):
        for scenario in yaml.load(path.read_text(), Reader):
            check(scenario, path)
            assert scenario["id"] not in found, f"{path}: the id {scenario['id']} is used twice"
            found[scenario["id"]] = scenario
    return [found[id] for id in sorted(found)]


def check(scenario: Mapping[str, Any], path: Path) -> None:
    """A mistake in a scenario must not make it pass."""
    where = f"{path}: {scenario.get('id')}"
    assert {"scenario", "id", "source", "steps"} <= set(scenario) <= KEYS, f"{where}: its keys are {sorted(scenario)}"
    for step in scenario["steps"]:
        assert any(set(step) <= keys for keys in STEPS), f"{where}: a step has the keys {sorted(step)}"
        assert ("at" in step) != ("call" in step), f"{where}: a step needs either a call or an instant"
    assert any({"expect", "status"} & set(step) for step in scenario["steps"]), f"{where}: it expects nothing"


@dataclass
class Play:
    """One scenario on one server, in an organization of its own."""

    client: httpx.AsyncClient
    admin_key: str
    key: str = ""
    clock: str = START
    known: dict[str, Any] = field(default_factory=dict)

    async def run(self, scenario: Mapping[str, Any]) -> None:
        """Take all steps.

        Raises:
            ScenarioFailed: a fact does not hold.
        """
        self.clock = scenario.get("start", START)
        made = await self.ask("POST", "/admin/organizations", {"organization": self.wanted(scenario)}, self.admin_key)
        require(made.status_code == 200, f"no organization was made: {made.text}")
        organization = made.json()["organization"]
        self.key = organization["api_key"]
        self.known["billing_entity_code"] = organization["default_billing_entity_code"]
        for number, step in enumerate(scenario["steps"], 1):
            if "at" in step:
                self.clock = step["at"]
                await self.advance()
            else:
                await self.take(step, f"step {number}, {step['call']}")

    def wanted(self, scenario: Mapping[str, Any]) -> dict[str, Any]:
        """The organization that the scenario is played in."""
        return {"name": scenario["id"], "test_clock": {"frozen_time": self.clock}}

    async def take(self, step: Mapping[str, Any], where: str) -> None:
        """Make a step's call and compare its answer. What a write sets off is done before the next step."""
        method, path = self.filled(step["call"]).split(" ", 1)
        answer = await self.ask(method, f"/api/v1{path}", self.filled(step.get("body")), self.key)
        wanted = step.get("status", "2xx")
        good = answer.status_code == wanted if "status" in step else answer.is_success
        require(good, f"{where}: status {answer.status_code}, not {wanted}: {answer.text}")
        content = json.loads(answer.text, parse_float=Decimal) if answer.content else None
        for expression, expected in step.get("expect", {}).items():
            value, expected = jmespath.search(expression, content), self.filled(expected)
            require(same(value, expected), f"{where}: {expression} is {shown(value)}, not {shown(expected)}")
        for name, expression in step.get("save", {}).items():
            self.known[name] = jmespath.search(expression, content)
            require(self.known[name] is not None, f"{where}: nothing at {expression} to save as {name}")
        if method != "GET":
            await self.advance()

    async def advance(self) -> None:
        """Move the test clock to the present instant of the scenario, or do there what a write left behind."""
        body = {"test_clock": {"frozen_time": self.clock}}
        answer = await self.ask("POST", "/api/v1/test_clock/advance", body, self.key)
        require(answer.status_code == 200, f"the clock was not moved to {self.clock}: {answer.text}")

    async def ask(self, method: str, path: str, body: Any, key: str) -> httpx.Response:
        """Make one request."""
        return await self.client.request(method, path, json=body, headers={"Authorization": f"Bearer {key}"})

    def filled(self, value: Any) -> Any:
        """The value with variables replaced; one that is nothing but a variable keeps the variable's type."""
        if isinstance(value, dict):
            return {key: self.filled(item) for key, item in value.items()}
        if isinstance(value, list):
            return [self.filled(item) for item in value]
        if not isinstance(value, str):
            return value
        if whole := VARIABLE.fullmatch(value):
            return self.variable(whole[1])
        return VARIABLE.sub(lambda found: str(self.variable(found[1])), value)

    def variable(self, name: str) -> Any:
        """What the variable stands for."""
        if name == "uuid":
            return str(uuid.uuid4())
        if name.startswith("ts:"):
            return int(datetime.fromisoformat(name.removeprefix("ts:")).timestamp())
        return self.known[name]


def require(fact: bool, message: str) -> None:
    """Fail with the message, in one line, unless the fact holds."""
    if not fact:
        raise ScenarioFailed(" ".join(message.split()))


def same(value: Any, expected: Any) -> bool:
    """Whether a value is as expected."""
    if isinstance(expected, dict):
        return isinstance(value, dict) and all(same(value.get(key), item) for key, item in expected.items())
    if isinstance(expected, list):
        return isinstance(value, list) and len(value) == len(expected) and all(map(same, value, expected))
    if isinstance(expected, str) and isinstance(value, str):
        return value == expected or any(
            one is not None and one == read(expected) for read in (as_decimal, as_instant) for one in [read(value)]
        )
    if isinstance(expected, bool) or isinstance(value, bool) or expected is None:
        return value is expected
    if isinstance(expected, int | float) and isinstance(value, int | Decimal | str):
        return Decimal(str(expected)) == (as_decimal(value) if isinstance(value, str) else value)
    return False


def as_decimal(text: str) -> Decimal | None:
    """The number that the text is."""
    try:
        return Decimal(text)
    except InvalidOperation:
        return None


def as_instant(text: str) -> datetime | None:
    """The instant that the text is."""
    return datetime.fromisoformat(text) if DATE_TIME.match(text) else None


def shown(value: Any) -> str:
    """A value for people."""
    return json.dumps(value, default=str, ensure_ascii=False)


def chosen(scenarios: Iterable[dict[str, Any]], areas: Iterable[str]) -> list[dict[str, Any]]:
    """The scenarios whose ids begin with one of the areas; all where there are no areas."""
    wanted = tuple(areas)
    return [scenario for scenario in scenarios if not wanted or scenario["id"].startswith(wanted)]
