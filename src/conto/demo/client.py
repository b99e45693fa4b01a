"""A client of the API, as a stranger would write one."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx

from conto.core.money import exponent, in_major_units

CALL_SECONDS = 120
DOCUMENT_SECONDS = 60


class DemoError(Exception):
    """The demo cannot go on: a call was refused, or not answered; the message says how."""


@dataclass(frozen=True, slots=True)
class Client:
    """Calls to one server under one key, below one path."""

    http: httpx.Client
    below: str

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """The decoded answer to a call; None where it is empty.

        Raises:
            DemoError: there is no answer, or it is a refusal.
        """
        answer = self._answer(method, self.below + path, body)
        return answer.json() if answer.content else None

    def document(self, path: str, kind: str) -> bytes:
        """The PDF of the object at `path` of this `kind`, once it has been made.

        Raises:
            DemoError: it is not made in time.
        """
        deadline = time.monotonic() + DOCUMENT_SECONDS
        while time.monotonic() < deadline:
            answer = self.call("POST", f"{path}/download")
            if answer:
                return self.file(answer[kind]["file_url"])
            time.sleep(0.1)
        raise DemoError("The PDF has not been made in time: does a worker run?")

    def file(self, url: str) -> bytes:
        """The file behind a link that the API gave."""
        return self._answer("GET", url).content

    def _answer(self, method: str, path: str, body: Any = None) -> httpx.Response:
        try:
            answer = self.http.request(method, path, json=body)
        except httpx.HTTPError as error:
            raise DemoError(f"No answer from {self.http.base_url} ({error}): does `conto up` run?") from error
        if answer.status_code != 200:
            raise DemoError(f"{method} {path} answered {answer.status_code}: {answer.text}")
        return answer


@contextmanager
def opened(url: str, key: str, below: str = "/api/v1") -> Iterator[Client]:
    """A client of the server at `url` that bears the key."""
    headers = {"Authorization": f"Bearer {key}"}
    with httpx.Client(base_url=url, headers=headers, timeout=CALL_SECONDS) as http:
        yield Client(http, below)


def refuse_unusable(folder: Path) -> None:
    """Documents are to be left in the folder.

    Raises:
        DemoError: it is none, or cannot be written to.
    """
    if not os.access(folder, os.W_OK):
        raise DemoError(f"The PDF cannot be left in {folder}: it is no folder that can be written to.")


def money(cents: int, currency: str) -> str:
    """An amount of minor units for people: `1,200.00 EUR`."""
    return f"{in_major_units(Decimal(cents), currency):,.{exponent(currency)}f} {currency}"
