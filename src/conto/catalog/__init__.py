"""What can be sold and how it is taxed: taxes and add-ons (chapter 10 §§5-6)."""
