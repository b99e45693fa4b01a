"""Labels in French."""

LABELS = {
    "title_invoice": "Facture",
    "title_tax_invoice": "Facture fiscale",
    "title_paid_invoice": "Facture acquittée",
    "title_paid_tax_invoice": "Facture fiscale acquittée",
    "title_advance_invoice": "Facture d’acompte",
    "title_self_billing_invoice": "Autofacture",
    "number": "Numéro de facture",
    "purchase_order_number": "Bon de commande",
    "issuing_date": "Date d’émission",
    "payment_term": "Délai de paiement",
    "day": "{count}\u00a0jour",
    "days": "{count}\u00a0jours",
    "from": "De",
    "bill_to": "Facturé à",
    "legal_number": "N° d’immatriculation {number}",
    "tax_number": "N° fiscal {number}",
    "due": "Échéance le {date}",
    "item": "Désignation",
    "units": "Quantité",
    "unit_price": "Prix unitaire",
    "tax_rate": "Taux de taxe",
    "amount": "Montant",
    "fees_period": "Frais du {start} au {end}",
    "other_fees": "Autres frais",
    "section_total": "Total {name}",
    "prepaid_credits_bought": "Crédits prépayés",
    "minimum_spend": "{name} – dépense minimale",
    "minimum_commitment": "Engagement minimum",
    "range_open": "{first} et plus",
    "flat_fee": "forfait {amount}",
    "packages": "Unités par lots de {size} à {price}\u00a0: {units}",
    "free_units": "Unités gratuites\u00a0: {units}",
    "free_events": "Événements gratuits\u00a0: {count}",
    "events": "Événements\u00a0: {count} × {price} = {total}",
    "adjustment": "Minimum et maximum par événement\u00a0: {amount}",
    "conversion": "{amount} à 1 {unit} = {rate}",
    "progressive_notice": (
        "Cette facture porte sur la consommation avant la fin de la période\u00a0: la consommation a atteint "
        "{usage}, le seuil est de {threshold}."
    ),
    "usage_already_billed": "Consommation déjà facturée",
    "usage_already_billed_on": "Consommation déjà facturée ({number})",
    "coupon": "Bon de réduction",
    "subtotal_without_tax": "Sous-total HT",
    "tax_on": "{name} ({rate} sur {base})",
    "no_tax": "Taxe ({rate})",
    "subtotal_with_tax": "Sous-total TTC",
    "credit_notes": "Avoirs",
    "credit_note": "Avoir {number}",
    "prepaid_credits": "Crédits prépayés",
    "total": "Total",
    "reverse_charge": (
        "Autoliquidation\u00a0: la TVA est due par le preneur (article 196 de la directive 2006/112/CE)."
    ),
    "tax_exempt": (
        "Opération non soumise à la TVA de l’UE\u00a0: le lieu de la prestation est hors de l’Union européenne "
        "(articles 44 et 59 de la directive 2006/112/CE)."
    ),
    "self_billing_notice": (
        "Autofacturation\u00a0: cette facture est émise par {customer} au nom et pour le compte de {supplier}."
    ),
    "page": "Page {page} sur {pages}",
    "amount_due": "Montant dû",
    "discount": "Remise",
    "not_subject_to_vat": "Non soumis à la TVA",
}
