"""Calls about drafts and failed invoices, on invoices that are neither (chapter 20 §§7.4-7.6, 7.9)."""

from uuid import uuid4

from tests.company import Company


async def issued(company: Company) -> str:
    add_on = await company.add_on()
    invoice = await company.invoice(await company.customer(), {"add_on_code": add_on["code"]})
    return f"/invoices/{invoice['lago_id']}"


async def test_what_is_issued_is_not_finalized_refreshed_deleted_or_retried(company: Company):
    path = await issued(company)
    before = (await company.get(path))["invoice"]
    assert (await company.put(f"{path}/finalize", None, 404))["code"] == "invoice_not_found"
    assert (await company.put(f"{path}/refresh", None, 403))["code"] == "feature_unavailable"
    assert (await company.delete(path, 405))["code"] == "not_deletable"
    assert (await company.post(f"{path}/retry", None, 405))["code"] == "invalid_status"
    assert (await company.get(path))["invoice"] == before


async def test_an_unknown_invoice_is_not_found(company: Company):
    for method, action in (("PUT", "/finalize"), ("PUT", "/refresh"), ("DELETE", ""), ("POST", "/retry")):
        answer = await company.call(method, f"/invoices/{uuid4()}{action}", None, 404)
        assert answer["code"] == "invoice_not_found"


async def test_a_salesforce_id_needs_salesforce(company: Company):
    path = await issued(company)
    body = {"external_id": "006", "integration_code": "salesforce"}
    assert (await company.put(f"{path}/sync_salesforce_id", body, 404))["code"] == "integration_not_found"


async def test_invoices_are_found_by_how_they_were_settled(company: Company):
    paid, other = await issued(company), await issued(company)
    payment = {"invoice_id": paid.removeprefix("/invoices/"), "amount_cents": 5, "reference": "transfer"}
    await company.post("/payments", {"payment": payment})
    found = (await company.get("/invoices?settlements[]=payment"))["invoices"]
    assert [f"/invoices/{invoice['lago_id']}" for invoice in found] == [paid]
    assert (await company.get("/invoices?settlements[]=credit_note"))["invoices"] == []
    assert len((await company.get("/invoices?settlements[]="))["invoices"]) == 2
    refused = await company.get("/invoices?settlements[]=cash", 422)
    assert refused["error_details"] == {"settlements": ["must be one of: payment, credit_note"]}
    assert other
