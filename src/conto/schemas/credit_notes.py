"""Credit notes as JSON (chapter 61)."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, Literal, get_args
from uuid import UUID

from msgspec import UNSET, Struct, UnsetType
from sqlalchemy import Row

from conto.core.credit_notes import Estimate
from conto.files import Files
from conto.schemas.customers import CustomerObject
from conto.schemas.encoding import as_number, decimal_text, instant
from conto.schemas.fees import AppliedTaxObject, FeeObject, applied_tax_fields
from conto.schemas.fields import (
    NEEDED,
    Cents,
    Currency,
    Flag,
    Identifier,
    LongText,
    NonNegativeCents,
    Rate,
    Raw,
    Text,
)
from conto.schemas.invoice_filters import IssuingDateFilters

Reason = Literal[
    "duplicated_charge",
    "product_unsatisfactory",
    "order_change",
    "order_cancellation",
    "fraudulent_charge",
    "other",
]
CreditStatus = Literal["available", "consumed", "voided"]
RefundStatus = Literal["pending", "succeeded", "failed"]
Part = Literal["credit", "refund", "offset"]


class CreditNoteItemInput(Struct, kw_only=True, frozen=True):
    """What is to be given back of a fee, in minor units, before coupons and taxes."""

    fee_id: Annotated[Identifier, NEEDED] | UnsetType = UNSET
    amount_cents: Annotated[NonNegativeCents, NEEDED] | UnsetType = UNSET


class CreditNoteEstimateInput(Struct, kw_only=True, frozen=True):
    """What a credit note would be over."""

    invoice_id: Annotated[Identifier, NEEDED] | UnsetType = UNSET
    items: Annotated[list[CreditNoteItemInput], NEEDED] | UnsetType = UNSET


class CreditNoteTermsInput(Struct, kw_only=True, frozen=True):
    """What a credit note says besides what it is over; its parts are after coupons and taxes."""

    reason: Reason | None | UnsetType = UNSET
    description: LongText | None | UnsetType = UNSET
    credit_amount_cents: NonNegativeCents | None | UnsetType = UNSET
    refund_amount_cents: NonNegativeCents | None | UnsetType = UNSET
    offset_amount_cents: NonNegativeCents | None | UnsetType = UNSET
    metadata: Raw | None | UnsetType = UNSET


class CreditNoteInput(CreditNoteTermsInput, kw_only=True, frozen=True):
    """A credit note to make."""

    invoice_id: Annotated[Identifier, NEEDED] | UnsetType = UNSET
    items: Annotated[list[CreditNoteItemInput], NEEDED] | UnsetType = UNSET


class CreditNoteUpdateInput(Struct, kw_only=True, frozen=True):
    """What of a credit note can be changed."""

    refund_status: RefundStatus | UnsetType = UNSET
    metadata: Raw | None | UnsetType = UNSET


class CreditNoteMetadataInput(Struct, kw_only=True, frozen=True):
    """A credit note's metadata."""

    metadata: Raw | None | UnsetType = UNSET


class CreditNoteFilters(IssuingDateFilters, kw_only=True, frozen=True):
    """Filters of credit notes; all that are given must match. Unknown words are left out."""

    external_customer_id: Text | UnsetType = UNSET
    reason: list[Text] | UnsetType = UNSET
    credit_status: list[Text] | UnsetType = UNSET
    refund_status: list[Text] | UnsetType = UNSET
    types: list[Text] | UnsetType = UNSET
    currency: Text | UnsetType = UNSET
    invoice_number: Text | UnsetType = UNSET
    purchase_order_number: Text | UnsetType = UNSET
    amount_from: Cents | UnsetType = UNSET
    amount_to: Cents | UnsetType = UNSET
    self_billed: Flag | UnsetType = UNSET
    billing_entity_codes: list[Text] | UnsetType = UNSET
    search_term: Text | UnsetType = UNSET


def known(words: Sequence[str] | UnsetType, vocabulary: Any) -> Collection[str]:
    """Those of a filter's words that are in the vocabulary, a `Literal`."""
    return set(words or ()) & set(get_args(vocabulary))


class CreditNoteItemObject(Struct, kw_only=True, frozen=True):
    """What is given back of a fee, in minor units, before coupons and taxes."""

    lago_id: UUID
    amount_cents: int
    precise_amount_cents: str
    amount_currency: Currency
    fee: FeeObject


class CreditNoteAppliedTaxObject(AppliedTaxObject, kw_only=True, frozen=True):
    """A tax on a credit note. `base_amount_cents` is what it is on."""

    lago_credit_note_id: UUID
    base_amount_cents: int


class CreditNoteObject(Struct, kw_only=True, frozen=True):
    """A credit note; amounts in minor units. `metadata` is there where it was set."""

    lago_id: UUID
    billing_entity_code: str
    sequential_id: int
    number: str
    lago_invoice_id: UUID
    invoice_number: str
    purchase_order_number: str | None
    issuing_date: str
    credit_status: CreditStatus | None
    refund_status: RefundStatus | None
    reason: Reason
    description: str | None
    currency: Currency
    total_amount_cents: int
    precise_total_amount_cents: str
    taxes_amount_cents: int
    precise_taxes_amount_cents: str
    taxes_rate: Rate
    sub_total_excluding_taxes_amount_cents: int
    balance_amount_cents: int
    credit_amount_cents: int
    refund_amount_cents: int
    offset_amount_cents: int
    coupons_adjustment_amount_cents: int
    created_at: str
    updated_at: str
    file_url: str | None
    xml_url: str | None
    self_billed: bool
    items: list[CreditNoteItemObject]
    applied_taxes: list[CreditNoteAppliedTaxObject]
    customer: CustomerObject
    error_details: list[Any]
    metadata: dict[str, str | None] | UnsetType = UNSET


class EstimatedItem(Struct, kw_only=True, frozen=True):
    """What would be given back of a fee."""

    lago_fee_id: UUID
    amount_cents: int


class EstimatedTax(Struct, kw_only=True, frozen=True):
    """A tax on what would be given back."""

    lago_tax_id: UUID
    tax_name: str
    tax_code: str
    tax_rate: Rate
    tax_description: str | None
    base_amount_cents: int
    amount_cents: int
    amount_currency: Currency


class EstimatedCreditNoteObject(Struct, kw_only=True, frozen=True):
    """What a credit note over some items would come to at most; amounts in minor units."""

    lago_invoice_id: UUID
    invoice_number: str
    currency: Currency
    taxes_amount_cents: int
    precise_taxes_amount_cents: Rate
    taxes_rate: Rate
    sub_total_excluding_taxes_amount_cents: int
    max_creditable_amount_cents: int
    max_refundable_amount_cents: int
    max_offsettable_amount_cents: int
    coupons_adjustment_amount_cents: int
    precise_coupons_adjustment_amount_cents: Rate
    items: list[EstimatedItem]
    applied_taxes: list[EstimatedTax]


def show_credit_note(
    note: Row[Any],
    customer: CustomerObject,
    note_items: Sequence[Row[Any]],
    fees: Mapping[UUID, FeeObject],
    taxes: Sequence[Row[Any]],
    files: Files,
    now: datetime,
) -> CreditNoteObject:
    """The credit note. `now` is the system's clock, by which links to files end."""
    same = (
        "billing_entity_code sequential_id number invoice_number purchase_order_number credit_status refund_status"
        " reason description currency total_amount_cents taxes_amount_cents sub_total_excluding_taxes_amount_cents"
        " balance_amount_cents credit_amount_cents refund_amount_cents offset_amount_cents"
        " coupons_adjustment_amount_cents self_billed"
    ).split()
    return CreditNoteObject(
        **{name: getattr(note, name) for name in same},
        lago_id=note.id,
        lago_invoice_id=note.invoice_id,
        issuing_date=note.issuing_date.isoformat(),
        precise_total_amount_cents=decimal_text(note.precise_total_amount_cents),
        precise_taxes_amount_cents=decimal_text(note.precise_taxes_amount_cents),
        taxes_rate=as_number(note.taxes_rate),
        created_at=instant(note.created_at),
        updated_at=instant(note.updated_at),
        file_url=note.file_path and files.link(note.file_path, now),
        xml_url=note.xml_path and files.link(note.xml_path, now),
        items=[
            CreditNoteItemObject(
                lago_id=item.id,
                amount_cents=item.amount_cents,
                precise_amount_cents=decimal_text(item.precise_amount_cents),
                amount_currency=item.currency,
                fee=fees[item.fee_id],
            )
            for item in note_items
        ],
        applied_taxes=[
            CreditNoteAppliedTaxObject(
                **applied_tax_fields(tax),
                lago_credit_note_id=tax.credit_note_id,
                base_amount_cents=tax.base_amount_cents,
            )
            for tax in taxes
        ],
        customer=customer,
        error_details=[],
        metadata=UNSET if note.metadata is None else note.metadata,
    )


def show_estimate(
    invoice: Row[Any], found: Estimate, *, refundable_cents: int, offsettable_cents: int, creditable: bool
) -> EstimatedCreditNoteObject:
    """The estimate; `creditable` says whether the invoice allows credits at all."""
    amounts = found.amounts
    return EstimatedCreditNoteObject(
        lago_invoice_id=invoice.id,
        invoice_number=invoice.number,
        currency=invoice.currency,
        taxes_amount_cents=found.taxes_cents,
        precise_taxes_amount_cents=as_number(amounts.precise_taxes_cents),
        taxes_rate=as_number(amounts.taxes_rate),
        sub_total_excluding_taxes_amount_cents=amounts.sub_total_cents,
        max_creditable_amount_cents=found.most_creditable_cents if creditable else 0,
        max_refundable_amount_cents=min(found.unadjusted_cents, refundable_cents),
        max_offsettable_amount_cents=min(found.most_creditable_cents, offsettable_cents),
        coupons_adjustment_amount_cents=amounts.coupons_adjustment_cents,
        precise_coupons_adjustment_amount_cents=as_number(amounts.precise_coupons_adjustment_cents),
        items=[
            EstimatedItem(lago_fee_id=UUID(str(item.fee.id)), amount_cents=item.amount_cents) for item in amounts.items
        ],
        applied_taxes=[
            EstimatedTax(
                lago_tax_id=UUID(str(on.tax.id)),
                tax_name=on.tax.name,
                tax_code=on.tax.code,
                tax_rate=as_number(on.tax.rate),
                tax_description=on.tax.description,
                base_amount_cents=on.base_cents,
                amount_cents=on.amount_cents,
                amount_currency=invoice.currency,
            )
            for on in amounts.taxes
        ],
    )
