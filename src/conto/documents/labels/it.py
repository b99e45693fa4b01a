"""Labels in Italian."""

LABELS = {
    "title_invoice": "Fattura",
    "title_tax_invoice": "Fattura fiscale",
    "title_paid_invoice": "Fattura saldata",
    "title_paid_tax_invoice": "Fattura fiscale saldata",
    "title_advance_invoice": "Fattura di acconto",
    "title_self_billing_invoice": "Autofattura",
    "number": "Numero della fattura",
    "purchase_order_number": "Ordine di acquisto",
    "issuing_date": "Data di emissione",
    "payment_term": "Termini di pagamento",
    "day": "{count} giorno",
    "days": "{count} giorni",
    "from": "Da",
    "bill_to": "Fatturato a",
    "legal_number": "N. registro imprese {number}",
    "tax_number": "Partita IVA {number}",
    "due": "Scade il {date}",
    "item": "Descrizione",
    "units": "Quantità",
    "unit_price": "Prezzo unitario",
    "tax_rate": "Aliquota",
    "amount": "Importo",
    "fees_period": "Addebiti dal {start} al {end}",
    "other_fees": "Altri addebiti",
    "section_total": "Totale {name}",
    "prepaid_credits_bought": "Crediti prepagati",
    "minimum_spend": "{name} – spesa minima",
    "minimum_commitment": "Impegno minimo",
    "range_open": "{first} e oltre",
    "flat_fee": "tariffa fissa {amount}",
    "packages": "Unità in pacchetti da {size} a {price}: {units}",
    "free_units": "Unità gratuite: {units}",
    "free_events": "Eventi gratuiti: {count}",
    "events": "Eventi: {count} × {price} = {total}",
    "adjustment": "Minimo e massimo per evento: {amount}",
    "conversion": "{amount} a 1 {unit} = {rate}",
    "progressive_notice": (
        "Questa fattura addebita i consumi prima della fine del periodo: i consumi hanno raggiunto {usage}, la "
        "soglia è {threshold}."
    ),
    "usage_already_billed": "Consumi già fatturati",
    "usage_already_billed_on": "Consumi già fatturati ({number})",
    "coupon": "Buono sconto",
    "subtotal_without_tax": "Subtotale imposte escluse",
    "tax_on": "{name} ({rate} su {base})",
    "no_tax": "Imposta ({rate})",
    "subtotal_with_tax": "Subtotale imposte incluse",
    "credit_notes": "Note di credito",
    "credit_note": "Nota di credito {number}",
    "prepaid_credits": "Crediti prepagati",
    "total": "Totale",
    "reverse_charge": (
        "Inversione contabile: l’IVA è dovuta dal destinatario (articolo 196 della direttiva 2006/112/CE)."
    ),
    "tax_exempt": (
        "Operazione non soggetta a IVA nell’UE: il luogo della prestazione è fuori dell’Unione europea (articoli "
        "44 e 59 della direttiva 2006/112/CE)."
    ),
    "self_billing_notice": (
        "Autofatturazione: questa fattura è emessa da {customer} in nome e per conto di {supplier}."
    ),
    "page": "Pagina {page} di {pages}",
    "amount_due": "Importo dovuto",
    "discount": "Sconto",
    "not_subject_to_vat": "Non soggetto a IVA",
}
