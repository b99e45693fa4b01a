"""The link to a customer's portal (chapter 72 §2)."""

from datetime import timedelta

from conto.clock import system_now
from conto.customers.portal import entrance_of
from conto.secrets import Secrets


async def token_of(company, external_id):
    url = (await company.get(f"/customers/{external_id}/portal_url"))["customer"]["portal_url"]
    root, token = url.rsplit("/", 1)
    assert root == "http://conto.test/customer-portal"
    return token


async def test_the_link_opens_the_portal_of_its_customer_for_twelve_hours(company):
    customer = await company.customer()
    before = system_now()
    token = await token_of(company, customer["external_id"])
    secrets = company.works.secrets
    for hours, opens in ((0, True), (11.9, True), (12.1, False)):
        entrance = entrance_of(secrets, token, before + timedelta(hours=hours))
        assert (entrance is not None) == opens, hours
    entrance = entrance_of(secrets, token, before)
    assert (str(entrance.customer_id), entrance.organization_id) == (customer["lago_id"], company.id)


async def test_a_link_that_was_changed_or_made_elsewhere_opens_nothing(company):
    mine = await token_of(company, (await company.customer())["external_id"])
    other = await token_of(company, (await company.customer())["external_id"])
    now = system_now()
    told, signature = mine.split(".")
    for token in (f"{other.split('.')[0]}.{signature}", told, f"{told}.", f"{told}.x", "", ".", "é.é", f"{mine}x"):
        assert entrance_of(company.works.secrets, token, now) is None, token
    assert entrance_of(Secrets("x" * 32), mine, now) is None


async def test_a_test_organizations_link_runs_by_the_systems_clock(rehearsal):
    token = await token_of(rehearsal, (await rehearsal.customer())["external_id"])
    assert entrance_of(rehearsal.works.secrets, token, system_now()) is not None


async def test_a_link_is_no_key_to_the_api(company):
    token = await token_of(company, (await company.customer())["external_id"])
    answer = await company.client.get("/api/v1/customers", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 401


async def test_there_is_no_link_for_who_is_no_customer(company):
    assert (await company.get("/customers/nobody/portal_url", 404))["code"] == "customer_not_found"
