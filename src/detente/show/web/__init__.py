"""The store as web pages: what a relation is, what moved it, and the sentences behind every number."""
