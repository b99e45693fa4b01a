"""Labels in Spanish."""

LABELS = {
    "title_invoice": "Factura",
    "title_tax_invoice": "Factura fiscal",
    "title_paid_invoice": "Factura pagada",
    "title_paid_tax_invoice": "Factura fiscal pagada",
    "title_advance_invoice": "Factura de anticipo",
    "title_self_billing_invoice": "Autofactura",
    "number": "Número de factura",
    "purchase_order_number": "Orden de compra",
    "issuing_date": "Fecha de emisión",
    "payment_term": "Plazo de pago",
    "day": "{count} día",
    "days": "{count} días",
    "from": "De",
    "bill_to": "Facturar a",
    "legal_number": "N.º de registro {number}",
    "tax_number": "N.º de identificación fiscal {number}",
    "due": "Vence el {date}",
    "item": "Concepto",
    "units": "Cantidad",
    "unit_price": "Precio unitario",
    "tax_rate": "Tipo impositivo",
    "amount": "Importe",
    "fees_period": "Cargos del {start} al {end}",
    "other_fees": "Otros cargos",
    "section_total": "Total de {name}",
    "prepaid_credits_bought": "Créditos prepagados",
    "minimum_spend": "{name} – consumo mínimo",
    "minimum_commitment": "Compromiso mínimo",
    "range_open": "{first} o más",
    "flat_fee": "tarifa fija {amount}",
    "packages": "Unidades en paquetes de {size} a {price}: {units}",
    "free_units": "Unidades gratuitas: {units}",
    "free_events": "Eventos gratuitos: {count}",
    "events": "Eventos: {count} × {price} = {total}",
    "adjustment": "Mínimo y máximo por evento: {amount}",
    "conversion": "{amount} a 1 {unit} = {rate}",
    "progressive_notice": (
        "Esta factura cobra el consumo antes del final del periodo: el consumo ha alcanzado {usage} y el umbral "
        "es {threshold}."
    ),
    "usage_already_billed": "Consumo ya facturado",
    "usage_already_billed_on": "Consumo ya facturado ({number})",
    "coupon": "Cupón",
    "subtotal_without_tax": "Subtotal sin impuestos",
    "tax_on": "{name} ({rate} sobre {base})",
    "no_tax": "Impuesto ({rate})",
    "subtotal_with_tax": "Subtotal con impuestos",
    "credit_notes": "Notas de crédito",
    "credit_note": "Nota de crédito {number}",
    "prepaid_credits": "Créditos prepagados",
    "total": "Total",
    "reverse_charge": (
        "Inversión del sujeto pasivo: el IVA lo declara el destinatario (artículo 196 de la Directiva 2006/112/CE)."
    ),
    "tax_exempt": (
        "Operación no sujeta al IVA de la UE: el lugar de la prestación está fuera de la Unión Europea "
        "(artículos 44 y 59 de la Directiva 2006/112/CE)."
    ),
    "self_billing_notice": (
        "Facturación por el destinatario: esta factura la expide {customer} en nombre y por cuenta de {supplier}."
    ),
    "page": "Página {page} de {pages}",
    "amount_due": "Importe pendiente",
    "discount": "Descuento",
    "not_subject_to_vat": "No sujeto a IVA",
}
