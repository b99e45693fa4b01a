"""Logos of billing entities (chapter 10 §3)."""

import base64
from datetime import UTC, datetime, timedelta
from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pypdf import PdfReader

from conto.schemas.logos import MOST_BYTES, jpeg_size, png_size
from tests.images import JPEG, data_uri, png

PNG = png(3, 2)


async def entity(company, **fields):
    """The company's billing entity, changed where fields are given."""
    path = f"/billing_entities/{company.organization.default_billing_entity_code}"
    answer = await (company.put(path, {"billing_entity": fields}) if fields else company.get(path))
    return answer["billing_entity"]


async def fetched(company, url):
    return await company.client.get(url, headers={"Authorization": ""})


async def test_a_logo_is_fetched_by_its_link_as_what_it_is(company):
    assert (await entity(company))["logo_url"] is None
    for content, media_type in ((PNG, "image/png"), (JPEG, "image/jpeg")):
        shown = await entity(company, logo=data_uri(content, media_type))
        answer = await fetched(company, shown["logo_url"])
        assert (answer.status_code, answer.content) == (200, content)
        assert answer.headers["content-type"] == media_type
        assert answer.headers["x-content-type-options"] == "nosniff"


async def test_a_logo_stays_until_null_removes_it(company):
    url = (await entity(company, logo=data_uri(PNG)))["logo_url"]
    assert (await entity(company, city="Paris"))["logo_url"].partition("?")[0] == url.partition("?")[0]
    (listed,) = (await company.get("/billing_entities"))["billing_entities"]
    assert listed["logo_url"].partition("?")[0] == url.partition("?")[0]
    assert (await entity(company, logo=None))["logo_url"] is None
    assert (await fetched(company, url)).status_code == 404


async def test_a_link_never_shows_another_logo(company):
    old = (await entity(company, logo=data_uri(PNG)))["logo_url"]
    new = (await entity(company, logo=data_uri(png(4, 4))))["logo_url"]
    assert (await fetched(company, old)).status_code == 404
    assert (await fetched(company, new)).content == png(4, 4)


async def test_a_new_billing_entity_may_have_a_logo(company):
    fields = {"code": "hooli", "name": "Hooli", "logo": data_uri(PNG)}
    made = (await company.post("/billing_entities", {"billing_entity": fields}))["billing_entity"]
    assert (await fetched(company, made["logo_url"])).content == PNG


async def test_a_link_to_a_logo_is_signed_and_ends(company, other_company):
    url = (await entity(company, logo=data_uri(PNG)))["logo_url"]
    assert (await fetched(company, url.partition("?")[0])).status_code == 404
    assert (await fetched(company, url.replace(str(company.id), str(other_company.id)))).status_code == 404
    path = url.partition("/files/")[2].partition("?")[0]
    over = company.works.files.link(path, datetime.now(UTC) - timedelta(days=400))
    assert (await fetched(company, over)).status_code == 404


@pytest.mark.parametrize(
    ("logo", "code"),
    [
        ("https://example.com/logo.png", "invalid_content_type"),
        (data_uri(PNG, "image/gif"), "invalid_content_type"),
        (data_uri(PNG, "image/jpeg"), "invalid_content_type"),
        (data_uri(JPEG, "image/png"), "invalid_content_type"),
        (data_uri(b"<svg/>"), "invalid_content_type"),
        (data_uri(b"\x89PNG\r\n\x1a\n"), "invalid_content_type"),
        (data_uri(PNG[:-20]), "invalid_content_type"),
        (data_uri(PNG.replace(b"IDAT", b"IDAX")), "invalid_content_type"),
        (data_uri(JPEG[:100], "image/jpeg"), "invalid_content_type"),
        (data_uri(b""), "invalid_content_type"),
        (data_uri(png(0, 1)), "invalid_content_type"),
        ("data:image/png;base64,%%%", "invalid_content_type"),
        ("data:image/png," + PNG.hex(), "invalid_content_type"),
        (7, "invalid_content_type"),
        (data_uri(PNG + b"x" * MOST_BYTES), "invalid_size"),
        (data_uri(b"x" * 3 * MOST_BYTES), "invalid_size"),
        (data_uri(png(1, 1, seen=(50_000, 50_000))), "invalid_size"),
    ],
    ids=range(17),
)
async def test_what_is_no_logo_is_refused_and_the_one_before_stays(company, logo, code):
    url = (await entity(company, logo=data_uri(PNG)))["logo_url"]
    path = f"/billing_entities/{company.organization.default_billing_entity_code}"
    refused = await company.put(path, {"billing_entity": {"logo": logo}}, 422)
    assert refused["error_details"] == {"logo": [code]}
    assert (await fetched(company, url)).content == PNG


async def test_the_largest_logo_is_taken(company):
    padding = MOST_BYTES - len(PNG)
    url = (await entity(company, logo=data_uri(PNG + b"\0" * padding)))["logo_url"]
    assert len((await fetched(company, url)).content) == MOST_BYTES


async def test_an_invoice_is_set_with_the_logo(company):
    await entity(company, logo=data_uri(png(7, 5)))
    customer, add_on = await company.customer(), await company.add_on()
    invoice = await company.invoice(customer, {"add_on_code": add_on["code"]})
    await company.run_jobs()
    shown = (await company.post(f"/invoices/{invoice['lago_id']}/download_pdf"))["invoice"]
    pdf = PdfReader(BytesIO((await fetched(company, shown["file_url"])).content))
    objects = [pdf.get_object(number) for number in range(1, int(pdf.trailer["/Size"]))]
    images = [found for found in objects if isinstance(found, dict) and found.get("/Subtype") == "/Image"]
    assert [(image["/Width"], image["/Height"]) for image in images] == [(7, 5)]


@given(st.binary(max_size=300))
def test_no_bytes_are_more_than_no_image(noise):
    assert png_size(noise) is None
    assert png_size(PNG[:8] + noise) is None
    assert png_size(PNG[:-12] + noise) in (None, (3, 2))
    assert jpeg_size(noise) is None or noise.startswith(b"\xff\xd8")
    jpeg_size(JPEG[:2] + noise)
    jpeg_size(JPEG[:20] + noise + b"\xff\xd9")


def test_the_size_is_told_by_the_bytes():
    assert base64.b64decode(data_uri(PNG).partition(",")[2]) == PNG
    assert (png_size(PNG), jpeg_size(JPEG)) == ((3, 2), (1, 1))
