"""Document → coded document: split, score, extract, resolve, date."""
