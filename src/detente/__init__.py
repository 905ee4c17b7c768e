"""detente reads news about states and keeps the record."""
