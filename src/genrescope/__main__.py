"""``python -m genrescope`` is the command line."""

from genrescope.apps.cli.main import main

main()
