"""Everything that in production belongs to somebody else, as local processes."""
