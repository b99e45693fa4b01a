"""The words of mails to customers, one table a locale (chapter 72 §§5 and 7).

They are written so that nothing in them has to agree with a name: `{entity}` is who sends, `{number}` the
document's number.
"""

from collections.abc import Mapping

Words = Mapping[str, str]

ENGLISH: Words = {
    "greeting": "Hello,",
    "invoice_subject": "Your Invoice from {entity} #{number}",
    "invoice_intro": "Your invoice {number} from {entity} is attached as a PDF.",
    "credit_note_subject": "Your credit note from {entity} #{number}",
    "credit_note_intro": "Your credit note {number} from {entity} is attached as a PDF.",
    "receipt_subject": "Your payment receipt from {entity} #{number}",
    "receipt_intro": "Thank you for your payment. Your receipt {number} from {entity} is attached as a PDF.",
    "invoice_number": "Invoice number",
    "credit_note_number": "Credit note number",
    "issuing_date": "Issue date",
    "due_date": "Due date",
    "total": "Total",
    "receipt_number": "Receipt number",
    "payment_date": "Payment date",
    "amount_paid": "Amount paid",
    "question": "If you have any questions, simply reply to this e-mail.",
    "closing": "Kind regards,",
}

FRENCH: Words = {
    "greeting": "Bonjour,",
    "invoice_subject": "Votre facture {entity} n° {number}",
    "invoice_intro": "Veuillez trouver ci-joint, au format PDF, votre facture n° {number} émise par {entity}.",
    "credit_note_subject": "Votre avoir {entity} n° {number}",
    "credit_note_intro": "Veuillez trouver ci-joint, au format PDF, votre avoir n° {number} émis par {entity}.",
    "receipt_subject": "Votre reçu de paiement {entity} n° {number}",
    "receipt_intro": (
        "Nous vous remercions de votre paiement. Veuillez trouver ci-joint, au format PDF, "
        "votre reçu n° {number} émis par {entity}."
    ),
    "invoice_number": "Numéro de facture",
    "credit_note_number": "Numéro d’avoir",
    "issuing_date": "Date d’émission",
    "due_date": "Date d’échéance",
    "total": "Total",
    "receipt_number": "Numéro de reçu",
    "payment_date": "Date de paiement",
    "amount_paid": "Montant payé",
    "question": "Pour toute question, il vous suffit de répondre à cet e-mail.",
    "closing": "Cordialement,",
}

NORWEGIAN: Words = {
    "greeting": "Hei,",
    "invoice_subject": "Din faktura fra {entity} nr. {number}",
    "invoice_intro": "Faktura {number} fra {entity} er vedlagt som PDF.",
    "credit_note_subject": "Din kreditnota fra {entity} nr. {number}",
    "credit_note_intro": "Kreditnota {number} fra {entity} er vedlagt som PDF.",
    "receipt_subject": "Din betalingskvittering fra {entity} nr. {number}",
    "receipt_intro": "Takk for betalingen. Kvittering {number} fra {entity} er vedlagt som PDF.",
    "invoice_number": "Fakturanummer",
    "credit_note_number": "Kreditnotanummer",
    "issuing_date": "Fakturadato",
    "due_date": "Forfallsdato",
    "total": "Totalt",
    "receipt_number": "Kvitteringsnummer",
    "payment_date": "Betalingsdato",
    "amount_paid": "Betalt beløp",
    "question": "Har du spørsmål, kan du ganske enkelt svare på denne e-posten.",
    "closing": "Vennlig hilsen",
}

GERMAN: Words = {
    "greeting": "Guten Tag,",
    "invoice_subject": "Ihre Rechnung von {entity} Nr. {number}",
    "invoice_intro": "anbei erhalten Sie Ihre Rechnung {number} von {entity} als PDF.",
    "credit_note_subject": "Ihre Gutschrift von {entity} Nr. {number}",
    "credit_note_intro": "anbei erhalten Sie Ihre Gutschrift {number} von {entity} als PDF.",
    "receipt_subject": "Ihr Zahlungsbeleg von {entity} Nr. {number}",
    "receipt_intro": (
        "vielen Dank für Ihre Zahlung. Anbei erhalten Sie Ihren Zahlungsbeleg {number} von {entity} als PDF."
    ),
    "invoice_number": "Rechnungsnummer",
    "credit_note_number": "Gutschriftnummer",
    "issuing_date": "Rechnungsdatum",
    "due_date": "Fällig am",
    "total": "Gesamtbetrag",
    "receipt_number": "Belegnummer",
    "payment_date": "Zahlungsdatum",
    "amount_paid": "Gezahlter Betrag",
    "question": "Wenn Sie Fragen haben, antworten Sie einfach auf diese E-Mail.",
    "closing": "Mit freundlichen Grüßen",
}

ITALIAN: Words = {
    "greeting": "Buongiorno,",
    "invoice_subject": "Fattura di {entity} n. {number}",
    "invoice_intro": "in allegato trova, in formato PDF, la fattura n. {number} emessa da {entity}.",
    "credit_note_subject": "Nota di credito di {entity} n. {number}",
    "credit_note_intro": "in allegato trova, in formato PDF, la nota di credito n. {number} emessa da {entity}.",
    "receipt_subject": "Ricevuta di pagamento di {entity} n. {number}",
    "receipt_intro": (
        "La ringraziamo per il pagamento. In allegato trova, in formato PDF, "
        "la ricevuta n. {number} emessa da {entity}."
    ),
    "invoice_number": "Numero fattura",
    "credit_note_number": "Numero nota di credito",
    "issuing_date": "Data di emissione",
    "due_date": "Data di scadenza",
    "total": "Totale",
    "receipt_number": "Numero ricevuta",
    "payment_date": "Data di pagamento",
    "amount_paid": "Importo pagato",
    "question": "Per qualsiasi domanda può rispondere direttamente a questa e-mail.",
    "closing": "Cordiali saluti",
}

SPANISH: Words = {
    "greeting": "Hola:",
    "invoice_subject": "Su factura de {entity} n.º {number}",
    "invoice_intro": "Adjuntamos en formato PDF su factura n.º {number} de {entity}.",
    "credit_note_subject": "Su nota de crédito de {entity} n.º {number}",
    "credit_note_intro": "Adjuntamos en formato PDF su nota de crédito n.º {number} de {entity}.",
    "receipt_subject": "Su recibo de pago de {entity} n.º {number}",
    "receipt_intro": "Gracias por su pago. Adjuntamos en formato PDF su recibo n.º {number} de {entity}.",
    "invoice_number": "Número de factura",
    "credit_note_number": "Número de nota de crédito",
    "issuing_date": "Fecha de emisión",
    "due_date": "Fecha de vencimiento",
    "total": "Total",
    "receipt_number": "Número de recibo",
    "payment_date": "Fecha de pago",
    "amount_paid": "Importe pagado",
    "question": "Si tiene alguna pregunta, basta con responder a este correo.",
    "closing": "Un cordial saludo,",
}

SWEDISH: Words = {
    "greeting": "Hej!",
    "invoice_subject": "Din faktura från {entity} nr {number}",
    "invoice_intro": "Faktura {number} från {entity} är bifogad som PDF.",
    "credit_note_subject": "Din kreditfaktura från {entity} nr {number}",
    "credit_note_intro": "Kreditfaktura {number} från {entity} är bifogad som PDF.",
    "receipt_subject": "Ditt betalningskvitto från {entity} nr {number}",
    "receipt_intro": "Tack för din betalning. Kvitto {number} från {entity} är bifogat som PDF.",
    "invoice_number": "Fakturanummer",
    "credit_note_number": "Kreditfakturanummer",
    "issuing_date": "Fakturadatum",
    "due_date": "Förfallodatum",
    "total": "Totalt",
    "receipt_number": "Kvittonummer",
    "payment_date": "Betalningsdatum",
    "amount_paid": "Betalt belopp",
    "question": "Har du frågor kan du helt enkelt svara på det här mejlet.",
    "closing": "Vänliga hälsningar",
}

PORTUGUESE: Words = {
    "greeting": "Olá,",
    "invoice_subject": "Sua fatura de {entity} nº {number}",
    "invoice_intro": "Sua fatura nº {number} de {entity} está anexada em PDF.",
    "credit_note_subject": "Sua nota de crédito de {entity} nº {number}",
    "credit_note_intro": "Sua nota de crédito nº {number} de {entity} está anexada em PDF.",
    "receipt_subject": "Seu recibo de pagamento de {entity} nº {number}",
    "receipt_intro": "Agradecemos o seu pagamento. Seu recibo nº {number} de {entity} está anexado em PDF.",
    "invoice_number": "Número da fatura",
    "credit_note_number": "Número da nota de crédito",
    "issuing_date": "Data de emissão",
    "due_date": "Data de vencimento",
    "total": "Total",
    "receipt_number": "Número do recibo",
    "payment_date": "Data do pagamento",
    "amount_paid": "Valor pago",
    "question": "Em caso de dúvidas, basta responder a este e-mail.",
    "closing": "Atenciosamente,",
}

CHINESE: Words = {
    "greeting": "您好：",
    "invoice_subject": "您的 {entity} 發票 #{number}",
    "invoice_intro": "隨信附上 {entity} 開立的發票 {number}（PDF 檔案）。",
    "credit_note_subject": "您的 {entity} 折讓單 #{number}",
    "credit_note_intro": "隨信附上 {entity} 開立的折讓單 {number}（PDF 檔案）。",
    "receipt_subject": "您的 {entity} 付款收據 #{number}",
    "receipt_intro": "感謝您的付款。隨信附上 {entity} 開立的付款收據 {number}（PDF 檔案）。",
    "invoice_number": "發票號碼",
    "credit_note_number": "折讓單號碼",
    "issuing_date": "開立日期",
    "due_date": "付款期限",
    "total": "總計",
    "receipt_number": "收據號碼",
    "payment_date": "付款日期",
    "amount_paid": "付款金額",
    "question": "如有任何問題，請直接回覆此電子郵件。",
    "closing": "敬祝 商祺",
}

WORDS: Mapping[str, Words] = {
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


def words(locale: str) -> Words:
    """The words in the locale; English where it has none."""
    return WORDS.get(locale, ENGLISH)
