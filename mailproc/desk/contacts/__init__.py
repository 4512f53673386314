"""Cases that belong to somebody else than who sent the mail: forwards, redirects, calls written down, forms. Dry."""
