"""The REST API's addresses."""
