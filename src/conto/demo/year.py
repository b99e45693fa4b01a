"""A company's year, played through the API in an organization whose clock the demo moves."""

from pathlib import Path

from rich.console import Console

from conto.demo.books import Books, kept_books
from conto.demo.calls import Company, iso
from conto.demo.client import opened, refuse_unusable
from conto.demo.company import CLOSES, OPENS
from conto.demo.progress import progress
from conto.demo.story import story


def play_year(url: str, admin_key: str, folder: Path, progress_on: Console) -> Books:
    """Play the year in a new organization on the server at `url`; its books, with every document in `folder`.

    Raises:
        DemoError: the server does not answer, refused a call, or made no document, or `folder` cannot be used.
    """
    refuse_unusable(folder)
    with opened(url, admin_key, "/admin") as admin:
        body = {"name": "Havenshop", "test_clock": {"frozen_time": iso(OPENS)}}
        organization = admin.call("POST", "/organizations", {"organization": body})["organization"]
    steps = story()
    with opened(url, organization["api_key"]) as client, progress(progress_on, len(steps) + 3) as done:
        company = Company(client)
        with done("the company opens"):
            company.opening()
        for when, name, act in steps:
            with done(f"{when:%Y-%m-%d} {name}"):
                company.advance(when)
                act(company)
        with done("the year ends"):
            company.advance(CLOSES)
        with done("documents"):
            return kept_books(client, organization, folder)
