"""Invoice numbers (chapter 20 §3): gapless, by customer or by billing entity."""

from tests.company import Company, open_company


async def one_each(company: Company, customers, add_on, month: str):
    """Issue an invoice to each customer in the month; their numbers without the prefix."""
    await company.advance(f"{month}-15T12:00:00Z")
    invoices = [await company.invoice(customer, {"add_on_code": add_on["code"]}) for customer in customers]
    return [invoice["number"] for invoice in invoices]


async def numbered(company: Company, mode: str, prefix: str):
    await company.put(
        "/organizations", {"organization": {"document_numbering": mode, "document_number_prefix": prefix}}
    )


async def test_numbers_go_on_through_switches_of_mode_and_prefix(works):
    """The example of the chapter."""
    async with open_company(works, frozen_time="2023-07-01T00:00:00Z") as company:
        await numbered(company, "per_customer", "BENT-1")
        customers = [await company.customer() for _ in range(3)]
        add_on = await company.add_on()
        for month in ("2023-07", "2023-08", "2023-09"):
            last = await one_each(company, customers, add_on, month)
        assert last == ["BENT-1-001-003", "BENT-1-002-003", "BENT-1-003-003"]

        await numbered(company, "per_organization", "BENT-11")
        october = await one_each(company, customers, add_on, "2023-10")
        assert october == ["BENT-11-202310-010", "BENT-11-202310-011", "BENT-11-202310-012"]

        await numbered(company, "per_customer", "BENT-11")
        november = await one_each(company, customers, add_on, "2023-11")
        assert november == ["BENT-11-001-005", "BENT-11-002-005", "BENT-11-003-005"]
        assert await one_each(company, [customers[1]], add_on, "2023-11") == ["BENT-11-002-006"]

        await numbered(company, "per_organization", "BENT-11")
        december = await one_each(company, customers, add_on, "2023-12")
        assert december == ["BENT-11-202312-017", "BENT-11-202312-018", "BENT-11-202312-019"]
        assert await one_each(company, [customers[0]], add_on, "2024-01") == ["BENT-11-202401-020"]


async def test_a_switch_to_and_fro_skips_no_number(rehearsal):
    customer, add_on = await rehearsal.customer(), await rehearsal.add_on()
    await numbered(rehearsal, "per_customer", "A")
    await one_each(rehearsal, [customer] * 2, add_on, "2024-04")
    for mode in ("per_organization", "per_customer", "per_organization", "per_organization"):
        await numbered(rehearsal, mode, "A")
    assert await one_each(rehearsal, [customer], add_on, "2024-04") == ["A-202404-003"]
    for mode in ("per_customer", "per_organization"):
        await numbered(rehearsal, mode, "A")
    assert await one_each(rehearsal, [customer], add_on, "2024-04") == ["A-202404-004"]


async def test_an_entity_that_numbers_itself_from_the_start_begins_at_one(rehearsal):
    await numbered(rehearsal, "per_organization", "A")
    customer, add_on = await rehearsal.customer(), await rehearsal.add_on()
    assert await one_each(rehearsal, [customer], add_on, "2024-04") == ["A-202404-001"]


async def test_a_number_never_changes(company):
    await numbered(company, "per_customer", "OLD")
    customer, add_on = await company.customer(), await company.add_on()
    invoice = await company.invoice(customer, {"add_on_code": add_on["code"]})
    await numbered(company, "per_organization", "NEW")
    assert (await company.get(f"/invoices/{invoice['lago_id']}"))["invoice"]["number"] == "OLD-001-001"


async def test_the_month_is_that_of_finalization_in_the_entitys_zone(works):
    async with open_company(works, frozen_time="2024-02-29T23:30:00Z") as company:
        await numbered(company, "per_organization", "A")
        customer, add_on = await company.customer(timezone="America/New_York"), await company.add_on()
        fee = {"add_on_code": add_on["code"]}
        assert (await company.invoice(customer, fee))["number"] == "A-202402-001"
        await company.put("/organizations", {"organization": {"timezone": "Europe/Paris"}})
        invoice = await company.invoice(customer, fee)
        assert (invoice["number"], invoice["issuing_date"]) == ("A-202403-002", "2024-02-29")


async def test_each_billing_entity_counts_on_its_own(company):
    await numbered(company, "per_customer", "A")
    await company.post(
        "/billing_entities", {"billing_entity": {"code": "b", "name": "B", "document_number_prefix": "B"}}
    )
    customer, fee = await company.customer(), {"add_on_code": (await company.add_on())["code"]}
    numbers = [
        (await company.invoice(customer, fee, **fields))["number"]
        for fields in ({}, {"billing_entity_code": "b"}, {}, {"billing_entity_code": "b"})
    ]
    assert numbers == ["A-001-001", "B-001-001", "A-001-002", "B-001-002"]


async def test_both_sequences_count_where_the_entity_numbers(company):
    await numbered(company, "per_organization", "A")
    one, two = await company.customer(), await company.customer()
    fee = {"add_on_code": (await company.add_on())["code"]}
    invoices = [await company.invoice(customer, fee) for customer in (one, two, one)]
    assert [(invoice["number"][-3:], invoice["sequential_id"]) for invoice in invoices] == [
        ("001", 1),
        ("002", 1),
        ("003", 2),
    ]


async def test_self_billed_invoices_stand_outside_the_entitys_sequence(company):
    partner, customer = await company.customer(account_type="partner"), await company.customer()
    fee = {"add_on_code": (await company.add_on())["code"]}
    await numbered(company, "per_customer", "A")
    await company.invoice(partner, fee)
    await company.invoice(customer, fee)
    await numbered(company, "per_organization", "A")
    assert (await company.invoice(partner, fee))["number"] == "A-001-002"
    assert (await company.invoice(customer, fee))["number"].endswith("-002")


async def test_voided_invoices_count_where_numbering_goes_on(company):
    customer, fee = await company.customer(), {"add_on_code": (await company.add_on())["code"]}
    await numbered(company, "per_customer", "A")
    invoice = await company.invoice(customer, fee)
    await company.post(f"/invoices/{invoice['lago_id']}/void")
    await numbered(company, "per_organization", "A")
    assert (await company.invoice(customer, fee))["number"].endswith("-002")
