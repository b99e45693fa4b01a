"""Invoices: built, finalized, numbered, voided, read (chapter 20)."""
