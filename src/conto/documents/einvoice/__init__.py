"""E-invoices: the same invoice as data, in the two syntaxes of the European standard EN 16931 (chapter 72 §9)."""

GUIDELINE = "urn:cen.eu:en16931:2017"
"""The standard itself, without the additions of a country: what both syntaxes say they follow."""
