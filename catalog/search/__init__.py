"""Finding things: queries read, matched and ranked."""
