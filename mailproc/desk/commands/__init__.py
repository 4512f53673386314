"""What agents ask for in their mail: commands, their words, and what they do to cases. Dry."""
