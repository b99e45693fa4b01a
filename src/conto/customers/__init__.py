"""Customers (chapter 10 §4)."""
