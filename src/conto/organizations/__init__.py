"""Organizations, their API keys and their billing entities (chapter 10 §§1-3)."""
