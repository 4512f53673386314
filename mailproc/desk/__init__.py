"""The decision about one mail, one request or one moment. Dry: everything it needs is an argument.

Here stand the doors and the way every mail goes (`decide`, `requests`, `clock.deadlines`, `receipts`); in folders, what
stops mail (`stops`), what agents ask for (`commands`), held mail (`held`), what goes out (`mails`), what time does
(`clock`).
"""
