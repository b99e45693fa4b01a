"""Mail: what is to be sent, how it is worded, and its way to the mail server (chapter 72 §5)."""
