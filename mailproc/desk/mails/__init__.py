"""The mails that are sent, as data: occasions, recipients, files, threads, and what must not be in them. Dry."""
