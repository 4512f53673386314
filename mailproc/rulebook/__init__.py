"""What the admin's rules mean: YAML text to a book, a book and a mail to a routing. Dry: no I/O."""
