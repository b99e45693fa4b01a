"""The credit notes that voiding an invoice may make (chapters 20 §7.7 and 61 §8.3)."""

from fractions import Fraction

from conto.core.credit_notes import Item, Parts, estimate
from conto.core.money import round_at_five_decimals
from conto.credits.notes.change import give_up
from conto.credits.notes.issue import Terms, issue
from conto.credits.notes.source import Source, source_of
from conto.errors import Invalid
from conto.work import Work


def refuse_more_than_left(source: Source, credit_cents: int, refund_cents: int) -> None:
    """What is to be credited and refunded, after tax, must be left of the invoice.

    Raises:
        Invalid: it is more.
    """
    if refund_cents > source.refundable_cents or credit_cents + refund_cents > source.creditable_cents:
        raise Invalid({"credit_refund_amount": ["total_amount_exceeds_invoice_amount"]})


async def credit_voided(work: Work, source: Source, credit_cents: int, refund_cents: int) -> None:
    """Make a note of these parts over a share of every fee, and one over the rest, which is voided at once.

    So nothing of the voided invoice is creditable any more. Customer and invoice are locked.
    """
    invoice = source.invoice
    terms = Terms(description=f"Credit note created due to voided invoice {invoice.id}")
    wanted = credit_cents + refund_cents
    if wanted:
        whole = estimate(source.estimated(source.rest())).most_creditable_cents
        share = Fraction(wanted, max(whole, wanted))
        items = [
            Item(item.fee, round_at_five_decimals(Fraction(item.precise_amount_cents) * share))
            for item in source.rest()
        ]
        await issue(work, source, source.amounts_of(items), Parts(credit_cents, refund_cents), terms)
        source = await source_of(work, invoice)
    rest = source.rest()
    found = source.amounts_of(rest)
    if found.total_cents > 0:
        note = await issue(work, source, found, Parts(found.total_cents), terms)
        if note.balance_amount_cents:
            await give_up(work, note)
