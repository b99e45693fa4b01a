"""The logo on a document: drawn if it is a PNG or JPEG image of sensible size, and never a reason to fail."""

import base64
import io
import struct
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pypdf import PdfReader

from conto.documents.render import render_invoice
from tests.documents.test_invoice_pdf import SELLER, invoice

JPEG = base64.b64decode(
    "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDACgcHiMeGSgjISMtKygwPGRBPDc3PHtYXUlkkYCZlo+AjIqgtObDoKrarYqMyP/L2u71"
    "////m8H////6/+b9//j/2wBDASstLTw1PHZBQXb4pYyl+Pj4+Pj4+Pj4+Pj4+Pj4+Pj4+Pj4+Pj4+Pj4+Pj4+Pj4+Pj4+Pj4+Pj4"
    "+Pj4+Pj4+Pj/wAARCAAIABADASIAAhEBAxEB/8QAFQABAQAAAAAAAAAAAAAAAAAAAAP/xAAUEAEAAAAAAAAAAAAAAAAAAAAA/8QA"
    "FAEBAAAAAAAAAAAAAAAAAAAABP/EABQRAQAAAAAAAAAAAAAAAAAAAAD/2gAMAwEAAhEDEQA/AIAFiv/Z"
)


def png(width: int, height: int, *, rows: int | None = None) -> bytes:
    """A PNG of one colour; its head may promise more rows than it has."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    pixels = zlib.compress((b"\0" + b"\x20\x60\xc0" * width) * (height if rows is None else rows))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


def images(pdf: bytes) -> int:
    return sum(len(page.images) for page in PdfReader(io.BytesIO(pdf)).pages)


@pytest.mark.parametrize("logo", [png(90, 20), png(20, 900), png(3000, 10), png(1, 1), JPEG], ids=len)
def test_a_png_or_jpeg_logo_is_drawn(logo: bytes):
    assert images(render_invoice(invoice(), SELLER, logo=logo)) == 1


@pytest.mark.parametrize(
    "logo",
    [
        b"",
        b"no image",
        b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><rect width="9" height="9"/></svg>',
        png(90, 20)[:60],
        png(90, 20, rows=3)[:80],
        JPEG[:20],
        JPEG[: len(JPEG) // 2],
        png(50_000, 50_000, rows=1),
        png(90, 20) + bytes(1_000_000),
    ],
    ids=len,
)
def test_a_logo_that_cannot_be_drawn_is_left_out(logo: bytes):
    pdf = render_invoice(invoice(), SELLER, logo=logo)
    assert pdf == render_invoice(invoice(), SELLER)


@settings(max_examples=30, deadline=None)
@given(st.sampled_from([png(40, 10), JPEG]), st.integers(8, 400), st.binary(max_size=12))
def test_no_damage_to_a_logo_ever_stops_an_invoice(logo: bytes, place: int, damage: bytes):
    assert render_invoice(invoice(), SELLER, logo=logo[:place] + damage + logo[place + len(damage) :])
