"""What time decides: promises, due times, cases that close or wake. Dry."""
