"""One-off invoices (chapter 20 §7.1)."""

from typing import Any

import pytest

from tests.books import counted, jobs_waiting, listens, mismatches, transfers, webhook_types
from tests.company import Company, open_company


async def refusal(company: Company, customer: dict[str, Any], *fees: dict[str, Any], status: int = 422, **fields: Any):
    body = {"external_customer_id": customer["external_id"], "fees": list(fees)} | fields
    answer = await company.post("/invoices", {"invoice": body}, status)
    return answer["error_details"] if status == 422 else answer["code"]


async def test_an_add_on_is_billed_at_its_price_and_taxed(company):
    await company.tax(code="vat", name="VAT", rate=20)
    customer, add_on = await company.customer(tax_codes=["vat"]), await company.add_on(amount_cents=548)
    invoice = await company.invoice(customer, {"add_on_code": add_on["code"]})
    amounts = {key: value for key, value in invoice.items() if key.endswith("amount_cents") and value}
    assert amounts == {
        "fees_amount_cents": 548,
        "sub_total_excluding_taxes_amount_cents": 548,
        "taxes_amount_cents": 110,
        "sub_total_including_taxes_amount_cents": 658,
        "total_amount_cents": 658,
        "total_due_amount_cents": 658,
    }
    assert (invoice["invoice_type"], invoice["status"], invoice["payment_status"]) == (
        "one_off",
        "finalized",
        "pending",
    )
    assert (invoice["version_number"], invoice["sequential_id"], invoice["payment_overdue"]) == (4, 1, False)
    assert (invoice["credits"], invoice["subscriptions"], invoice["billing_periods"]) == ([], [], [])
    assert invoice["file_url"] is None
    assert invoice == (await company.get(f"/invoices/{invoice['lago_id']}"))["invoice"]


async def test_a_fee_shows_what_it_is_for_and_what_it_comes_to(company):
    await company.tax(code="vat", rate="7.7")
    customer = await company.customer(tax_codes=["vat"])
    add_on = await company.add_on(name="Setup", description="Once")
    fee = {"add_on_code": add_on["code"], "unit_amount_cents": 1235, "units": "2.5"}
    invoice = await company.invoice(customer, fee)
    (shown,) = invoice["fees"]
    assert (shown["units"], shown["precise_unit_amount"]) == ("2.5", "12.35")
    assert (shown["amount_cents"], shown["precise_amount"]) == (3088, "30.875")
    assert (shown["taxes_rate"], shown["taxes_amount_cents"]) == (7.7, 238)
    assert (shown["taxes_precise_amount"], shown["precise_total_amount"]) == ("2.377375", "33.252375")
    assert shown["total_amount_cents"] == 3326
    assert (shown["description"], shown["lago_invoice_id"]) == ("Once", invoice["lago_id"])
    assert (shown["external_customer_id"], shown["lago_customer_id"]) == (customer["external_id"], customer["lago_id"])
    assert (shown["precise_coupons_amount_cents"], shown["sub_total_excluding_taxes_amount_cents"]) == ("0.0", 3088)
    assert shown["item"] == {
        "type": "add_on",
        "code": add_on["code"],
        "name": "Setup",
        "description": "Once",
        "invoice_display_name": "Setup",
        "filter_invoice_display_name": None,
        "filters": None,
        "lago_item_id": add_on["lago_id"],
        "item_type": "AddOn",
        "grouped_by": {},
    }
    assert "applied_taxes" not in shown
    alone = (await company.get(f"/fees/{shown['lago_id']}"))["fee"]
    assert [(tax["tax_code"], tax["amount_cents"]) for tax in alone["applied_taxes"]] == [("vat", 238)]


@pytest.mark.parametrize(
    ("currency", "units", "unit_amount", "amount"),
    [
        ("EUR", "0.125", "1.0", "0.125"),
        ("JPY", "0.125", "100.0", "12.5"),
        ("CLF", "0.125", "0.01", "0.00125"),
        ("EUR", "10000000", "1.0", "10000000.0"),
        ("EUR", "0.00000000000000000001", "1.0", "0.00000000000000000001"),
    ],
)
async def test_precise_amounts_are_texts_in_the_currencys_major_unit(company, currency, units, unit_amount, amount):
    customer, add_on = await company.customer(currency=currency), await company.add_on()
    invoice = await company.invoice(customer, {"add_on_code": add_on["code"], "unit_amount_cents": 100, "units": units})
    (fee,) = invoice["fees"]
    assert (fee["precise_unit_amount"], fee["precise_amount"]) == (unit_amount, amount)


@pytest.mark.parametrize(
    ("currency", "amount_cents", "rate", "taxes"), [("JPY", 1234, 10, 123), ("CLF", 1005, 5, 50), ("JPY", 15, 10, 2)]
)
async def test_taxes_are_rounded_to_the_currencys_minor_unit(company, currency, amount_cents, rate, taxes):
    await company.tax(code="vat", rate=rate)
    customer, add_on = await company.customer(currency=currency), await company.add_on()
    fee = {"add_on_code": add_on["code"], "unit_amount_cents": amount_cents, "tax_codes": ["vat"]}
    assert (await company.invoice(customer, fee))["taxes_amount_cents"] == taxes


async def test_taxes_of_several_fees_are_summed_before_they_are_rounded(company):
    await company.tax(code="ten", name="a", rate=10)
    await company.tax(code="twelve", name="b", rate=12)
    customer, add_on = await company.customer(), await company.add_on()
    fees = [
        {"add_on_code": add_on["code"], "unit_amount_cents": 105, "tax_codes": codes}
        for codes in (["ten"], ["ten", "twelve"], ["ten"])
    ]
    invoice = await company.invoice(customer, *fees)
    assert [fee["taxes_amount_cents"] for fee in invoice["fees"]] == [11, 23, 11]
    applied = [
        (tax["tax_code"], tax["fees_amount_cents"], tax["amount_cents"], tax["tax_rate"])
        for tax in invoice["applied_taxes"]
    ]
    assert applied == [("ten", 315, 32, 10), ("twelve", 105, 13, 12)]
    assert (invoice["taxes_amount_cents"], invoice["total_amount_cents"]) == (44, 359)


async def test_what_a_fee_does_not_say_is_the_add_ons(company):
    customer = await company.customer()
    add_on = await company.add_on(name="Setup", invoice_display_name="Set-up", description="Once", amount_cents=700)
    said = {"unit_amount_cents": 0, "units": 3, "description": "Twice", "invoice_display_name": "Shown"}
    invoice = await company.invoice(
        customer, {"add_on_code": add_on["code"]}, {"add_on_code": add_on["code"], **said, "unit_amount_cents": 5}
    )
    one, other = invoice["fees"]
    assert (one["amount_cents"], one["units"], one["description"]) == (700, "1.0", "Once")
    assert one["item"]["invoice_display_name"] == "Set-up"
    assert (other["amount_cents"], other["units"], other["description"]) == (15, "3.0", "Twice")
    assert other["item"]["invoice_display_name"] == "Shown"


async def test_a_fee_covers_what_it_says_else_the_instant_of_its_creation(rehearsal):
    customer, add_on = await rehearsal.customer(), await rehearsal.add_on()
    boundaries = {"from_datetime": "2024-01-01T00:00:00Z", "to_datetime": "2024-02-01T01:59:59+02:00"}
    invoice = await rehearsal.invoice(
        customer, {"add_on_code": add_on["code"]}, {"add_on_code": add_on["code"], **boundaries}
    )
    assert [(fee["from_date"], fee["to_date"]) for fee in invoice["fees"]] == [
        ("2024-03-05T12:00:00+00:00", "2024-03-05T12:00:00+00:00"),
        ("2024-01-01T00:00:00+00:00", "2024-01-31T23:59:59+00:00"),
    ]


@pytest.mark.parametrize(
    "boundaries",
    [
        {"from_datetime": "2024-01-01T00:00:00Z"},
        {"to_datetime": "2024-01-01T00:00:00Z"},
        {"from_datetime": "2024-01-01", "to_datetime": "2024-02-01"},
        {"from_datetime": "2024-01-02T00:00:00Z", "to_datetime": "2024-01-01T00:00:00Z"},
        {"from_datetime": "now", "to_datetime": "later"},
    ],
)
async def test_boundaries_are_both_given_with_time_and_in_order_or_none_is(company, boundaries):
    customer, add_on = await company.customer(), await company.add_on()
    details = await refusal(company, customer, {"add_on_code": add_on["code"]} | boundaries)
    assert details == {"boundaries": ["values_are_invalid"]}


async def test_an_invoice_is_issued_today_where_the_customer_is(works):
    async with open_company(works, frozen_time="2022-11-25T01:00:00Z") as company:
        add_on = await company.add_on()

        async def dates(**fields):
            invoice = await company.invoice(await company.customer(**fields), {"add_on_code": add_on["code"]})
            return invoice["issuing_date"], invoice["payment_due_date"], invoice["net_payment_term"]

        assert await dates(timezone="America/Los_Angeles") == ("2022-11-24", "2022-11-24", 0)
        assert await dates(timezone="America/Los_Angeles", net_payment_term=10) == ("2022-11-24", "2022-12-04", 10)
        assert await dates() == ("2022-11-25", "2022-11-25", 0)
        await company.put("/organizations", {"organization": {"timezone": "Pacific/Honolulu", "net_payment_term": 7}})
        assert await dates() == ("2022-11-24", "2022-12-01", 7)
        assert await dates(timezone="UTC", net_payment_term=0) == ("2022-11-25", "2022-11-25", 0)


async def test_a_grace_period_does_not_hold_for_one_off_invoices(company):
    customer = await company.customer(billing_configuration={"invoice_grace_period": 10})
    invoice = await company.invoice(customer, {"add_on_code": (await company.add_on())["code"]})
    assert (invoice["status"], invoice["issuing_date"]) == ("finalized", invoice["created_at"][:10])


async def test_the_currency_given_comes_before_the_customers_and_leaves_it(company):
    customer, add_on = await company.customer(currency="EUR"), await company.add_on(amount_currency="GBP")
    fee = {"add_on_code": add_on["code"]}
    assert (await company.invoice(customer, fee))["currency"] == "EUR"
    invoice = await company.invoice(customer, fee, currency="USD")
    assert (invoice["currency"], invoice["fees"][0]["amount_currency"]) == ("USD", "USD")
    assert (await company.get(f"/customers/{customer['external_id']}"))["customer"]["currency"] == "EUR"


async def test_a_purchase_order_number_is_trimmed_and_blank_is_none(company):
    customer, fee = await company.customer(), {"add_on_code": (await company.add_on())["code"]}
    given = {" PO-1 ": "PO-1", "  ": None, "": None}
    for text, kept in given.items():
        assert (await company.invoice(customer, fee, purchase_order_number=text))["purchase_order_number"] == kept
    details = await refusal(company, customer, fee, purchase_order_number="x" * 256)
    assert details == {"purchase_order_number": ["value_is_too_long"]}


@pytest.mark.parametrize("method", [{"payment_method_type": "manual"}, {"payment_method_type": "provider"}, {}, None])
async def test_a_payment_method_may_be_named(company, method):
    customer, add_on = await company.customer(), await company.add_on()
    invoice = await company.invoice(customer, {"add_on_code": add_on["code"]}, payment_method=method, skip_psp=True)
    assert invoice["status"] == "finalized"


async def test_what_names_nothing_is_told_before_what_is_wrong_in_the_order_of_the_chapter(company):
    customer = await company.customer(currency=None)
    unknown = {"external_id": "nothing"}
    fee, wrong = {"add_on_code": (await company.add_on())["code"]}, {"add_on_code": "nothing", "units": -1}
    method, entity = {"payment_method_type": "cash"}, {"billing_entity_code": "nothing"}
    both: dict[str, Any] = {"payment_method": method, **entity}

    assert await refusal(company, unknown, wrong, status=404, **both) == "customer_not_found"
    assert await refusal(company, customer, status=404, **both) == "fees_not_found"
    assert await refusal(company, customer, fee, wrong, status=404, **both) == "add_on_not_found"
    assert await refusal(company, customer, fee, **both) == {"payment_method": ["invalid_payment_method"]}
    bad_fee = fee | {"units": -1}
    assert await refusal(company, customer, bad_fee, status=404, **entity) == "billing_entity_not_found"
    details = {"units": ["value_is_out_of_range"], "currency": ["value_is_mandatory"]}
    assert await refusal(company, customer, bad_fee) == details
    assert await refusal(company, customer, fee) == {"currency": ["value_is_mandatory"]}
    assert (await company.get("/invoices"))["invoices"] == []


@pytest.mark.parametrize("fees", [None, [], {}, "x", [1], [None], ["x"]])
async def test_without_fees_there_is_nothing_to_invoice(company, fees):
    customer = await company.customer()
    body = {"external_customer_id": customer["external_id"], "fees": fees}
    assert (await company.post("/invoices", {"invoice": body}, 404))["code"] == "fees_not_found"


@pytest.mark.parametrize(
    ("fields", "details"),
    [
        ({"units": "-0.1"}, {"units": ["value_is_out_of_range"]}),
        ({"units": "many"}, {"units": ["value_is_invalid"]}),
        ({"units": 10**20}, {"units": ["value_is_out_of_range"]}),
        ({"units": 10**19}, {"units": ["value_is_out_of_range"]}),
        ({"unit_amount_cents": -1}, {"unit_amount_cents": ["value_is_out_of_range"]}),
        ({"unit_amount_cents": "1.5"}, {"unit_amount_cents": ["value_is_invalid"]}),
        ({"description": "x" * 601}, {"description": ["value_is_too_long"]}),
    ],
)
async def test_a_fee_that_is_not_as_it_must_be_is_refused(company, fields, details):
    customer, add_on = await company.customer(), await company.add_on()
    assert await refusal(company, customer, {"add_on_code": add_on["code"]} | fields) == details


async def test_an_unknown_currency_is_refused(company):
    customer, add_on = await company.customer(), await company.add_on()
    details = await refusal(company, customer, {"add_on_code": add_on["code"]}, currency="XYZ")
    assert details == {"currency": ["value_is_invalid"]}


async def test_an_invoice_beyond_all_bounds_is_refused_with_its_taxes(company):
    customer, add_on = await company.customer(), await company.add_on()
    most = {"add_on_code": add_on["code"], "unit_amount_cents": 10**15}
    assert (await company.invoice(customer, most))["total_amount_cents"] == 10**15
    one_more = {"add_on_code": add_on["code"], "unit_amount_cents": 1}
    assert await refusal(company, customer, most, one_more) == {"fees": ["value_is_out_of_range"]}
    codes = [(await company.tax(rate=100_000))["code"] for _ in range(12)]
    assert await refusal(company, customer, most | {"tax_codes": codes}) == {"fees": ["value_is_out_of_range"]}


async def test_a_refused_invoice_leaves_nothing_behind(company, databases):
    await listens(company)
    customer, add_on = await company.customer(currency=None), await company.add_on()
    before = await counted(databases, company)
    fee = {"add_on_code": add_on["code"]}
    await refusal(company, customer, fee, {"add_on_code": "nothing"}, status=404, currency="EUR")
    await refusal(company, customer, fee | {"units": -1}, currency="EUR")
    assert await counted(databases, company) == before
    assert (await company.get(f"/customers/{customer['external_id']}"))["customer"]["currency"] is None


async def test_issuing_tells_the_endpoint_and_asks_for_the_document(company, databases):
    customer, add_on = await company.customer(), await company.add_on()
    await listens(company)
    await company.invoice(customer, {"add_on_code": add_on["code"]})
    assert await webhook_types(company) == ["invoice.one_off_created"]
    assert sorted(await jobs_waiting(databases, company)) == ["document", "webhook"]


async def test_what_is_issued_is_owed_to_revenue_and_to_the_state(company):
    await company.tax(code="vat", rate=20)
    customer, add_on = await company.customer(tax_codes=["vat"]), await company.add_on(amount_cents=1000)
    await company.invoice(customer, {"add_on_code": add_on["code"]})
    assert await transfers(company) == [
        ("invoice_issued", "invoice", "revenue", 1000),
        ("invoice_issued", "invoice", "taxes", 200),
    ]
    assert await mismatches(company) == []


async def test_an_invoice_over_nothing_is_paid_from_the_start(company):
    customer, add_on = await company.customer(), await company.add_on()
    await company.tax(code="vat")
    fee = {"add_on_code": add_on["code"], "unit_amount_cents": 0, "tax_codes": ["vat"]}
    invoice = await company.invoice(customer, fee)
    assert (invoice["status"], invoice["payment_status"], invoice["total_amount_cents"]) == (
        "finalized",
        "succeeded",
        0,
    )
    assert [(tax["tax_code"], tax["amount_cents"]) for tax in invoice["applied_taxes"]] == [("vat", 0)]
    (fee,) = invoice["fees"]
    assert (fee["payment_status"], fee["succeeded_at"], fee["taxes_rate"]) == ("succeeded", invoice["created_at"], 20)
    assert await transfers(company) == []


async def test_an_invoice_over_nothing_that_is_to_be_skipped_is_answered_and_never_seen_again(company, databases):
    await listens(company)
    customer = await company.customer(finalize_zero_amount_invoice="skip")
    fee = {"add_on_code": (await company.add_on())["code"]}
    before = await counted(databases, company)
    closed = await company.invoice(customer, fee | {"units": 0})
    assert (closed["status"], closed["sequential_id"], closed["number"][-6:]) == ("closed", None, "-DRAFT")

    for action in ("", "/void", "/download", "/download_pdf", "/download_xml"):
        method = "POST" if action else "GET"
        answer = await company.call(method, f"/invoices/{closed['lago_id']}{action}", None, 404)
        assert answer["code"] == "invoice_not_found"
    assert (await company.get("/invoices"))["invoices"] == []
    # Fees are listed whatever the state of their invoice.
    assert [fee["lago_id"] for fee in (await company.get("/fees"))["fees"]] == [closed["fees"][0]["lago_id"]]

    after = await counted(databases, company)
    assert {name for name in after if after[name] != before[name]} == {"invoices", "fees"}
    assert (await company.invoice(customer, fee))["sequential_id"] == 1


@pytest.mark.parametrize(
    ("customers", "entitys", "status"),
    [
        ("inherit", True, "finalized"),
        ("inherit", False, "closed"),
        ("finalize", False, "finalized"),
        ("skip", True, "closed"),
    ],
)
async def test_whether_nothing_is_invoiced_is_the_customers_choice_before_the_entitys(
    company, customers, entitys, status
):
    await company.put("/organizations", {"organization": {"finalize_zero_amount_invoice": entitys}})
    customer = await company.customer(finalize_zero_amount_invoice=customers)
    fee = {"add_on_code": (await company.add_on())["code"], "unit_amount_cents": 0}
    assert (await company.invoice(customer, fee))["status"] == status


async def test_amounts_that_round_to_nothing_are_nothing(company):
    customer = await company.customer(finalize_zero_amount_invoice="skip")
    fee = {"add_on_code": (await company.add_on())["code"], "unit_amount_cents": 1, "units": "0.49"}
    assert (await company.invoice(customer, fee))["status"] == "closed"
    assert (await company.invoice(customer, fee | {"units": "0.5"}))["total_amount_cents"] == 1


async def test_a_partners_invoice_is_self_billed(company):
    customer, add_on = await company.customer(account_type="partner"), await company.add_on()
    invoice = await company.invoice(customer, {"add_on_code": add_on["code"]})
    assert (invoice["self_billed"], invoice["fees"][0]["self_billed"]) == (True, True)


async def test_the_customer_is_shown_as_it_is_now(company):
    customer, add_on = await company.customer(name="Old"), await company.add_on()
    invoice = await company.invoice(customer, {"add_on_code": add_on["code"]})
    metadata = [{"key": "region", "value": "eu"}]
    await company.customer(external_id=customer["external_id"], name="New", metadata=metadata)
    shown = (await company.get(f"/invoices/{invoice['lago_id']}"))["invoice"]["customer"]
    assert (shown["name"], shown["metadata"][0]["value"]) == ("New", "eu")
