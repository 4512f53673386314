"""What the files in rules/ mean: read, checked, evaluated. Dry: texts and facts are arguments."""
