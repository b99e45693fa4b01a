"""Plans: price lists with their charges, fixed charges, commitment and thresholds (chapters 52 and 53)."""
