"""Credit notes: made by hand and by the system, used, voided, read (chapter 61)."""
