"""The database: the spool, the tickets and their history. Wet: the only room that imports peewee."""
