"""Receipts of payments: issued, set as PDF, mailed (chapter 70 §8)."""
