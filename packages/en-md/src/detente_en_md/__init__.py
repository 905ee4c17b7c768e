"""Weights of detente's larger English model; the folder of this package is the model folder."""
