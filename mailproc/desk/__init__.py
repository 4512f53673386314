"""The decision about one mail, one request or one moment. Dry: everything it needs is an argument."""
