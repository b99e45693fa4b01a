"""Documents: what customers are sent as PDF, set from the same JSON that the API answers (chapter 72 §8)."""
