"""Payments of what customers owe (chapter 70)."""
