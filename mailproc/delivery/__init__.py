"""Ways out. Wet: each takes finished bytes and returns a receipt."""
