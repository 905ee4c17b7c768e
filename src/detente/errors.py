"""Every exception detente raises, drawn as a tree; each message says what, where and what to do.

DetenteError
├── InputError        a document cannot be read or lacks what coding needs
├── OptionError       an option or argument has a value that makes no sense
├── GazetteerError    a table of names is broken
├── ModelError        the model folder is missing, incomplete or not the one this version expects
├── StoreError        a table cannot be opened, written or read
│   └── QueryError    a question to the store is wrong
└── MissingExtraError a feature needs an extra that is not installed
"""

from __future__ import annotations


class DetenteError(Exception):
    """Base of all errors that detente raises on purpose."""


class InputError(DetenteError):
    """A document cannot be read, or lacks what coding needs."""


class OptionError(DetenteError, ValueError):
    """An option or argument has a value that makes no sense."""


class GazetteerError(DetenteError):
    """A gazetteer table is broken; names file, line and reason."""


class ModelError(DetenteError):
    """The model folder is missing, incomplete or not the one this version expects."""


class StoreError(DetenteError):
    """A store cannot be opened, written or read."""


class QueryError(StoreError):
    """A question to the store is wrong."""


class MissingExtraError(DetenteError, ImportError):
    """A feature needs an extra that is not installed; the message gives the install line."""
