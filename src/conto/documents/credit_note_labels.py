"""The fixed words of credit notes, one table a locale (chapter 72 §§7-8)."""

from collections.abc import Mapping

ENGLISH: Mapping[str, str] = {
    "title_credit_note": "Credit note",
    "credit_note_number": "Credit note number",
    "invoice_number": "Invoice number",
    "coupons": "Coupons",
    "part_credit": "Credited to the balance",
    "part_refund": "To be refunded",
    "part_offset": "Set off against the invoice",
}

FRENCH: Mapping[str, str] = {
    "title_credit_note": "Avoir",
    "credit_note_number": "Numéro d’avoir",
    "invoice_number": "Numéro de facture",
    "coupons": "Coupons",
    "part_credit": "Crédité sur le solde",
    "part_refund": "À rembourser",
    "part_offset": "Imputé sur la facture",
}

NORWEGIAN: Mapping[str, str] = {
    "title_credit_note": "Kreditnota",
    "credit_note_number": "Kreditnotanummer",
    "invoice_number": "Fakturanummer",
    "coupons": "Kuponger",
    "part_credit": "Godskrevet saldoen",
    "part_refund": "Tilbakebetales",
    "part_offset": "Motregnet i fakturaen",
}

GERMAN: Mapping[str, str] = {
    "title_credit_note": "Gutschrift",
    "credit_note_number": "Gutschriftnummer",
    "invoice_number": "Rechnungsnummer",
    "coupons": "Gutscheine",
    "part_credit": "Dem Guthaben gutgeschrieben",
    "part_refund": "Wird erstattet",
    "part_offset": "Mit der Rechnung verrechnet",
}

ITALIAN: Mapping[str, str] = {
    "title_credit_note": "Nota di credito",
    "credit_note_number": "Numero nota di credito",
    "invoice_number": "Numero fattura",
    "coupons": "Coupon",
    "part_credit": "Accreditato sul saldo",
    "part_refund": "Da rimborsare",
    "part_offset": "Compensato con la fattura",
}

SPANISH: Mapping[str, str] = {
    "title_credit_note": "Nota de crédito",
    "credit_note_number": "Número de nota de crédito",
    "invoice_number": "Número de factura",
    "coupons": "Cupones",
    "part_credit": "Abonado al saldo",
    "part_refund": "A reembolsar",
    "part_offset": "Compensado con la factura",
}

SWEDISH: Mapping[str, str] = {
    "title_credit_note": "Kreditfaktura",
    "credit_note_number": "Kreditfakturanummer",
    "invoice_number": "Fakturanummer",
    "coupons": "Kuponger",
    "part_credit": "Tillgodofört saldot",
    "part_refund": "Återbetalas",
    "part_offset": "Kvittat mot fakturan",
}

PORTUGUESE: Mapping[str, str] = {
    "title_credit_note": "Nota de crédito",
    "credit_note_number": "Número da nota de crédito",
    "invoice_number": "Número da fatura",
    "coupons": "Cupons",
    "part_credit": "Creditado no saldo",
    "part_refund": "A reembolsar",
    "part_offset": "Compensado com a fatura",
}

CHINESE: Mapping[str, str] = {
    "title_credit_note": "折讓單",
    "credit_note_number": "折讓單號碼",
    "invoice_number": "發票號碼",
    "coupons": "優惠券",
    "part_credit": "記入餘額",
    "part_refund": "退款",
    "part_offset": "抵銷發票金額",
}

CREDIT_NOTE_LABELS: Mapping[str, Mapping[str, str]] = {
    "en": ENGLISH,
    "fr": FRENCH,
    "nb": NORWEGIAN,
    "de": GERMAN,
    "it": ITALIAN,
    "es": SPANISH,
    "sv": SWEDISH,
    "pt-BR": PORTUGUESE,
    "zh-TW": CHINESE,
}
