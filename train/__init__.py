"""Corpus, training, evaluation and export of detente's model. Not part of the installed package."""
