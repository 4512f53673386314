"""Ways in. Wet: each takes bytes and an envelope and answers only after the durable commit."""
