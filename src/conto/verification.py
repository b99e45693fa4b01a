"""Whether the books agree: what invoices and credit notes say against transfers, payments, fees, taxes and uses.

Every stored figure that sums up something else is summed up again and compared. Nothing is changed.
"""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import text

from conto.work import Work


@dataclass(frozen=True, slots=True)
class Mismatch:
    """A figure that is not what it sums up. Amounts are minor units of `currency`.

    `figure` is the name that the API has for it, `source` what it was summed up from again. `number` is
    the invoice's, or that of a credit note on it; None where transfers are about an invoice that is not there, in
    their currency.
    """

    figure: str
    source: str
    invoice_id: UUID
    number: str | None
    currency: str
    stored_cents: int
    summed_cents: int

    @property
    def difference_cents(self) -> int:
        """How much too much is stored."""
        return self.stored_cents - self.summed_cents


_MISMATCHES = text(
    """
    with sides as (
        select debit_account as account, debit_subject_id as subject_id, invoice_id, currency, amount_cents as amount,
               kind
        from ledger_transfers where organization_id = :organization
        union all
        select credit_account, credit_subject_id, invoice_id, currency, -amount_cents, kind
        from ledger_transfers where organization_id = :organization
    ),
    owed as (
        select subject_id as invoice_id, currency, sum(amount) as cents
        from sides where account = 'invoice' group by subject_id, currency
    ),
    earned as (
        select invoice_id, currency,
               -sum(amount) filter (where account = 'revenue') as revenue,
               -sum(amount) filter (where account = 'taxes') as taxes
        from sides where kind in ('invoice_issued', 'invoice_voided') group by invoice_id, currency
    ),
    noted as (
        select invoice_id, currency, sum(offset_amount_cents) as offsets, sum(refund_amount_cents) as refunds
        from credit_notes where organization_id = :organization and status = 'finalized' group by invoice_id, currency
    ),
    used as (
        select invoice_id, currency, sum(amount_cents) as cents
        from credits where organization_id = :organization and given_back_at is null group by invoice_id, currency
    ),
    paid as (
        select invoice_id, currency, sum(amount_cents) as cents
        from payments where organization_id = :organization and payment_status = 'succeeded'
        group by invoice_id, currency
    ),
    billed as (
        select invoice_id, currency, sum(amount_cents) as cents
        from fees where organization_id = :organization and invoice_id is not null group by invoice_id, currency
    ),
    taxed as (
        select invoice_id, currency, sum(amount_cents) as cents
        from invoices_taxes where organization_id = :organization group by invoice_id, currency
    )
    select c.figure, c.source, i.id as invoice_id, i.number, i.currency,
           c.stored::bigint as stored_cents, coalesce(c.summed, 0)::bigint as summed_cents
    from invoices i
    left join owed on owed.invoice_id = i.id and owed.currency = i.currency
    left join earned on earned.invoice_id = i.id and earned.currency = i.currency
    left join paid on paid.invoice_id = i.id and paid.currency = i.currency
    left join billed on billed.invoice_id = i.id and billed.currency = i.currency
    left join noted on noted.invoice_id = i.id and noted.currency = i.currency
    left join used on used.invoice_id = i.id and used.currency = i.currency
    left join taxed on taxed.invoice_id = i.id and taxed.currency = i.currency
    cross join lateral (
        select (i.status = 'finalized')::int as owes, i.status in ('finalized', 'voided') as final
    ) s
    cross join lateral (values
        -- What was paid, set off or used for an invoice that is then voided is owed to the customer.
        ('total_due_amount_cents', 'transfers',
            s.owes * i.total_amount_cents - (1 - s.owes) * coalesce(used.cents, 0)
            - i.total_paid_amount_cents - i.total_offsetted_credit_note_amount_cents, owed.cents),
        ('total_offsetted_credit_note_amount_cents', 'credit_notes',
            i.total_offsetted_credit_note_amount_cents, noted.offsets),
        ('total_refunded_amount_cents', 'credit_notes',
            i.total_refunded_amount_cents, noted.refunds),
        ('credit_notes_amount_cents', 'credits',
            case when s.final then i.credit_notes_amount_cents else used.cents end, used.cents),
        ('total_paid_amount_cents', 'payments',
            i.total_paid_amount_cents, paid.cents),
        ('sub_total_excluding_taxes_amount_cents', 'transfers',
            s.owes * i.sub_total_excluding_taxes_amount_cents, earned.revenue),
        ('taxes_amount_cents', 'transfers',
            s.owes * i.taxes_amount_cents, earned.taxes),
        -- Before an invoice is final, its sums may still have to be made.
        ('fees_amount_cents', 'fees',
            case when s.final then i.fees_amount_cents else billed.cents end, billed.cents),
        ('taxes_amount_cents', 'applied_taxes',
            case when s.final then i.taxes_amount_cents else taxed.cents end, taxed.cents)
    ) c (figure, source, stored, summed)
    where i.organization_id = :organization and c.stored <> coalesce(c.summed, 0)
    union all
    select 'total_due_amount_cents', 'transfers', o.invoice_id, null, o.currency, 0, o.cents::bigint
    from owed o
    where not exists (
        select from invoices i
        where i.organization_id = :organization and i.id = o.invoice_id and i.currency = o.currency
    )
    union all
    select c.figure, c.source, n.invoice_id, n.number, n.currency, c.stored::bigint, coalesce(c.summed, 0)::bigint
    from credit_notes n
    left join (
        select subject_id, currency, -sum(amount) as cents
        from sides where account = 'credit_note' group by subject_id, currency
    ) left_over on left_over.subject_id = n.id and left_over.currency = n.currency
    left join (
        select credit_note_id, sum(amount_cents) as cents
        from credits where organization_id = :organization and given_back_at is null group by credit_note_id
    ) spent on spent.credit_note_id = n.id
    cross join lateral (values
        ('balance_amount_cents', 'transfers', n.balance_amount_cents, left_over.cents),
        -- What a note had left when it was voided is told by its transfers alone.
        ('credit_amount_cents', 'credits', n.credit_amount_cents,
            case when n.credit_status = 'voided' then n.credit_amount_cents
            else n.balance_amount_cents + coalesce(spent.cents, 0) end)
    ) c (figure, source, stored, summed)
    where n.organization_id = :organization and n.status = 'finalized' and c.stored <> coalesce(c.summed, 0)
    union all
    -- No more of a fee is given back than there is.
    select 'amount_cents', 'credit_note_items', f.invoice_id, i.number, f.currency, f.amount_cents,
           credited.cents::bigint
    from fees f
    join invoices i on i.organization_id = f.organization_id and i.id = f.invoice_id
    join (
        select e.fee_id, sum(e.amount_cents) as cents
        from credit_note_items e
        join credit_notes n on n.organization_id = e.organization_id and n.id = e.credit_note_id
        where e.organization_id = :organization and n.status <> 'deleted'
        group by e.fee_id
    ) credited on credited.fee_id = f.id
    where f.organization_id = :organization and credited.cents > f.amount_cents
    order by invoice_id, source, figure
    """
)


async def mismatches(work: Work) -> list[Mismatch]:
    """Every figure of the organization that does not agree, invoice by invoice, credit notes with theirs."""
    rows = await work.execute(_MISMATCHES, {"organization": work.organization.id})
    return [Mismatch(**row._mapping) for row in rows]
