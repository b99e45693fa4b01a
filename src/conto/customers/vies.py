"""Ask VIES, the European Commission's service, whether a VAT number is valid."""

import asyncio
from asyncio import AbstractEventLoop
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

import httpx
import msgspec

from conto.customers.vat_numbers import VatNumber

AT_ONCE = 4
"""Questions that a process asks at one time: VIES refuses those that ask many."""
STEP_SECONDS = 10
"""Longest wait for each of connecting, writing and reading."""
ERROR_CHARACTERS = 500

SHOWN = {
    "countryCode": "country_code",
    "vatNumber": "vat_number",
    "requestDate": "request_date",
    "requestIdentifier": "request_identifier",
    "name": "name",
    "address": "address",
}
"""What is kept of an answer, by its names there and here."""
DECIDED = frozenset({"VALID", "INVALID", "INVALID_INPUT"})
"""The words beside an answer that say so; all others tell why there is none."""

FAILURES = (httpx.HTTPError, httpx.InvalidURL, OSError, TimeoutError, ValueError)
"""What may keep VIES from being understood."""

_turns: WeakKeyDictionary[AbstractEventLoop, asyncio.Semaphore] = WeakKeyDictionary()


@dataclass(frozen=True, slots=True)
class Answer:
    """What VIES says of a number; `details` are the particulars of one that is valid."""

    valid: bool
    details: dict[str, str]


@dataclass(frozen=True, slots=True)
class Unavailable:
    """VIES gave no answer: why."""

    error: str


async def ask(url: str, number: VatNumber, seconds: float) -> Answer | Unavailable:
    """What VIES at `url` says of the number, waited for `seconds` at most from when its turn has come."""
    question = {"countryCode": number.prefix, "vatNumber": number.rest}
    async with _turns.setdefault(asyncio.get_running_loop(), asyncio.Semaphore(AT_ONCE)):
        try:
            async with asyncio.timeout(seconds), httpx.AsyncClient(timeout=STEP_SECONDS) as client:
                answer = await client.post(f"{url}/check-vat-number", json=question, headers={"User-Agent": "Conto"})
            return understood(answer.status_code, answer.content)
        except FAILURES as error:
            return Unavailable(f"{type(error).__name__}: {error}"[:ERROR_CHARACTERS].replace("\0", ""))


def understood(status: int, content: bytes) -> Answer | Unavailable:
    """What an answer means. A number that VIES cannot read is not valid."""
    try:
        body = msgspec.json.decode(content, type=dict[str, Any])
    except msgspec.DecodeError:
        return Unavailable(f"HTTP {status}")
    word = _word_of(body)
    if word and word not in DECIDED:
        return Unavailable(word[:ERROR_CHARACTERS].replace("\0", ""))
    if word == "INVALID_INPUT":
        return Answer(valid=False, details={})
    valid = body.get("valid")
    if status != httpx.codes.OK or not isinstance(valid, bool):
        return Unavailable(f"HTTP {status}")
    particulars = {here: body[there] for there, here in SHOWN.items() if isinstance(body.get(there), str)}
    return Answer(valid, {name: text.replace("\0", "") for name, text in particulars.items() if text})


def _word_of(body: dict[str, Any]) -> str | None:
    """The word by which VIES explains itself, None where there is none."""
    errors = body.get("errorWrappers")
    if isinstance(errors, list) and errors:
        first = errors[0]
        return str(first.get("error") or "error") if isinstance(first, dict) else "error"
    word = body.get("userError")
    return word if isinstance(word, str) else None
