"""Organizations are made under the admin key, with a test clock where they are to rehearse on."""

from typing import Any

from tests.company import Company


async def create(company: Company, body: Any, key: str = "admin-key") -> Any:
    return await company.client.post(
        "/admin/organizations", json=body, headers={"Authorization": f"Bearer {key}"} if key else {}
    )


async def test_an_organization_is_made_with_a_key_and_a_default_billing_entity(company: Company):
    answer = await create(company, {"organization": {"name": "Ärger & Söhne / Nord"}})
    made = answer.json()["organization"]
    assert answer.status_code == 200
    assert made["default_billing_entity_code"] == "_rger_s_hne_nord"
    assert made["test_clock"] is None
    company.client.headers["Authorization"] = f"Bearer {made['api_key']}"
    shown = (await company.get("/organizations"))["organization"]
    assert shown["lago_id"] == made["lago_id"]
    assert shown["name"] == "Ärger & Söhne / Nord"
    assert shown["document_number_prefix"] == f"ÄRG-{made['lago_id'][-4:].upper()}"
    entities = (await company.get("/billing_entities"))["billing_entities"]
    assert [entity["lago_id"] for entity in entities] == [made["lago_id"]]


async def test_a_test_clock_starts_where_it_is_set(company: Company):
    body = {"organization": {"name": "Rehearsal", "test_clock": {"frozen_time": "2024-03-05T12:00:00Z"}}}
    made = (await create(company, body)).json()["organization"]
    assert made["test_clock"] == {"frozen_time": "2024-03-05T12:00:00Z"}
    company.client.headers["Authorization"] = f"Bearer {made['api_key']}"
    assert (await company.customer())["created_at"] == "2024-03-05T12:00:00Z"


async def test_no_other_key_makes_organizations(company: Company):
    body = {"organization": {"name": "Mine"}}
    for key in ("wrong", company.organization.api_key, "admin-key-and-more"):
        answer = await create(company, body, key)
        assert answer.status_code == 401
        assert answer.json() == {"status": 401, "error": "Unauthorized"}


async def test_a_bad_organization_is_refused(company: Company):
    assert (await create(company, {})).status_code == 400
    assert (await create(company, {"organization": {"name": " "}})).json()["error_details"] == {
        "name": ["value_is_mandatory"]
    }
    wrong = {"organization": {"name": "x", "test_clock": {"frozen_time": "yesterday"}}}
    assert (await create(company, wrong)).json()["error_details"] == {"frozen_time": ["invalid_date"]}
