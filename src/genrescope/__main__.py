"""``python -m genrescope`` is the command line."""

from genrescope.apps.cli.entry import main

main()
