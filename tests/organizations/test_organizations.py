"""The organization, and what it shares with its default billing entity (chapter 10 §2)."""

import base64

import pytest
from joserfc import jwt
from joserfc.jwk import RSAKey

from conto.organizations.create import create_organization


async def shown(company):
    return (await company.get("/organizations"))["organization"]


async def changed(company, **fields):
    return (await company.put("/organizations", {"organization": fields}))["organization"]


async def default_entity(company):
    return (await company.get("/billing_entities"))["billing_entities"][0]


async def test_a_new_organization_has_defaults_and_one_billing_entity(company):
    organization, entity = await shown(company), await default_entity(company)
    prefix = f"COM-{str(company.id)[-4:].upper()}"
    assert organization["document_number_prefix"] == entity["document_number_prefix"] == prefix
    assert (organization["document_numbering"], organization["default_currency"]) == ("per_customer", "USD")
    assert (organization["timezone"], organization["net_payment_term"]) == ("UTC", 0)
    assert organization["finalize_zero_amount_invoice"] is True
    assert organization["billing_configuration"] == {
        "invoice_footer": None,
        "invoice_grace_period": 0,
        "document_locale": "en",
    }
    assert (organization["webhook_url"], organization["webhook_urls"]) == ("", [])
    assert "taxes" not in organization
    assert entity["lago_id"] == organization["lago_id"] == str(company.id)
    assert (entity["name"], entity["is_default"]) == (organization["name"], True)


async def test_the_entitys_code_is_made_of_the_name(works):
    made = await create_organization(works, "Hooli & Söhne, Inc.")
    assert made.default_billing_entity_code == "hooli_s_hne_inc_"


async def test_settings_are_written_on_the_default_billing_entity_too(company):
    fields = {
        "country": "fr",
        "default_currency": "eur",
        "address_line1": "1 rue",
        "city": "Paris",
        "zipcode": "75001",
        "email": "a@hooli.com",
        "legal_name": "Hooli",
        "legal_number": "123",
        "tax_identification_number": "FR1",
        "net_payment_term": 15,
        "timezone": "Europe/Paris",
        "email_settings": ["invoice.finalized"],
        "finalize_zero_amount_invoice": False,
    }
    upper = {"country": "FR", "default_currency": "EUR"}
    answer = await changed(company, **fields)
    entity = await default_entity(company)
    assert {key: answer[key] for key in fields} == fields | upper
    assert {key: entity[key] for key in fields} == fields | upper
    assert answer["taxes"] == []


async def test_only_what_is_given_changes(company):
    await changed(company, city="Paris", legal_name="Hooli")
    answer = await changed(company, city=None)
    assert (answer["city"], answer["legal_name"]) == (None, "Hooli")


async def test_the_billing_configuration_is_written_on_the_default_billing_entity(company):
    configuration = {"invoice_footer": "Thanks", "invoice_grace_period": 3, "document_locale": "pt-BR"}
    answer = await changed(company, billing_configuration=configuration)
    entity = await default_entity(company)
    assert answer["billing_configuration"] == configuration
    assert {key: entity[key] for key in configuration} == configuration


async def test_both_prefixes_change_together_and_are_upper_cased(company):
    answer = await changed(company, document_number_prefix=" abc-1 ")
    assert answer["document_number_prefix"] == "ABC-1"
    assert (await default_entity(company))["document_number_prefix"] == "ABC-1"


async def test_numbering_per_organization_is_per_billing_entity(company):
    assert (await changed(company, document_numbering="per_organization"))["document_numbering"] == "per_organization"
    assert (await default_entity(company))["document_numbering"] == "per_billing_entity"


@pytest.mark.parametrize(
    ("fields", "details"),
    [
        ({"document_numbering": "per_moon"}, {"document_numbering": ["value_is_invalid"]}),
        ({"document_number_prefix": "x" * 11}, {"document_number_prefix": ["value_is_too_long"]}),
        ({"document_number_prefix": ""}, {"document_number_prefix": ["value_is_mandatory"]}),
        ({"email_settings": ["invoice.burned"]}, {"email_settings": ["unsupported_value"]}),
        ({"net_payment_term": -1}, {"net_payment_term": ["value_is_out_of_range"]}),
        ({"billing_configuration": {"invoice_grace_period": -1}}, {"invoice_grace_period": ["value_is_out_of_range"]}),
        ({"billing_configuration": {"invoice_footer": "x" * 601}}, {"invoice_footer": ["value_is_too_long"]}),
        (
            {"billing_configuration": {"document_locale": "xx"}},
            {"document_locale": ["not_a_valid_language_code"]},
        ),
        ({"webhook_url": "ftp://hooli.com"}, {"webhook_url": ["url_is_invalid"]}),
        ({"country": "XX"}, {"country": ["not_a_valid_country_code"]}),
        ({"timezone": "Mars"}, {"timezone": ["invalid_timezone"]}),
        ({"default_currency": "XYZ"}, {"default_currency": ["value_is_invalid"]}),
    ],
)
async def test_what_is_not_as_it_must_be_is_refused(company, fields, details):
    before = await shown(company)
    body = {"organization": {"legal_name": "Changed"} | fields}
    assert (await company.put("/organizations", body, 422))["error_details"] == details
    assert await shown(company) == before


async def test_a_slug_is_lower_cased_and_unique_over_all_organizations(company, other_company):
    slug = f" Hooli-{str(company.id)[:8]} "
    assert (await changed(company, slug=slug))["slug"] == slug.strip().lower()
    refused = await other_company.put("/organizations", {"organization": {"slug": slug.upper()}}, 422)
    assert refused["error_details"] == {"slug": ["value_already_exist"]}
    assert (await shown(other_company))["slug"] is None
    assert (await changed(company, slug=slug))["slug"] == slug.strip().lower()
    assert (await changed(company, slug=""))["slug"] is None


async def test_a_webhook_url_makes_or_replaces_the_first_endpoint(company):
    assert (await changed(company, webhook_url="https://one.example"))["webhook_url"] == "https://one.example"
    second = {"webhook_endpoint": {"webhook_url": "https://two.example"}}
    await company.post("/webhook_endpoints", second)
    answer = await changed(company, webhook_url="https://new.example")
    assert answer["webhook_url"] == "https://new.example"
    assert answer["webhook_urls"] == ["https://new.example", "https://two.example"]
    refused = await company.put("/organizations", {"organization": {"webhook_url": "https://two.example"}}, 422)
    assert refused["error_details"] == {"webhook_url": ["value_already_exist"]}


async def test_a_webhook_url_is_bounded_in_bytes_too(company):
    letters = "".join(chr(0x20000 + place * 17) for place in range(2000))
    refused = await company.put(
        "/organizations", {"organization": {"webhook_url": f"https://a.example/{letters}"}}, 422
    )
    assert refused["error_details"] == {"webhook_url": ["value_is_too_long"]}


async def test_taxes_in_the_answer_are_those_of_the_default_billing_entity(company):
    await company.tax(code="vat", applied_to_organization=True)
    await company.tax(code="other")
    assert [tax["code"] for tax in (await changed(company, city="Paris"))["taxes"]] == ["vat"]


async def test_an_organization_sees_itself_alone(company, other_company):
    await changed(company, legal_name="Hooli")
    assert (await shown(other_company))["legal_name"] is None


async def test_the_grpc_token_is_signed_by_the_server_and_names_the_organization(company):
    token = (await company.get("/organizations/grpc_token"))["organization"]["grpc_token"]
    public = base64.b64decode((await company.get("/webhooks/json_public_key"))["webhook"]["public_key"])
    decoded = jwt.decode(token, RSAKey.import_key(public), algorithms=["RS256"])
    assert decoded.header["alg"] == "RS256"
    assert decoded.claims == {"organization_id": str(company.id), "aud": "lago-grpc"}
