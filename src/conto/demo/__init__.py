"""What Conto does, shown through its HTTP API as any client would use it: one invoice, and a company's year."""
