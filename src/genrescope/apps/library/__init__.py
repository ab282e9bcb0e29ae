"""What is shown of a collection: its figures, its map, its report in one file."""
