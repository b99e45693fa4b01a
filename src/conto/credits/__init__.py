"""What customers have to their credit: credit notes and the use of their balances (chapter 61)."""
