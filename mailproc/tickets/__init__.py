"""What a ticket is: its number, its tokens, its states, and which mail belongs to it. Dry: no I/O."""
