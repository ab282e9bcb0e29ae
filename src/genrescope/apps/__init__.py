"""Where Genrescope talks to a person or to another program."""
