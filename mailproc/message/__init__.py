"""One e-mail: bytes to records and records to bytes. Dry: knows nothing of tickets, no I/O."""
