"""The Vogent API: its wire format, its errors and its client. Decides nothing and knows no rules."""
