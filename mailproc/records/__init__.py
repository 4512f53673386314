"""The frozen records that pass between rooms. Dry: data only, no behaviour beyond what a reader expects of data."""
