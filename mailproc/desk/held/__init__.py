"""Held mail as daily work: who is asked, what the answers mean, what the clock says about it. Dry."""
