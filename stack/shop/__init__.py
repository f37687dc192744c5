"""The shop that makes the events."""
