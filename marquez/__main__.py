"""`python -m marquez` is the `marquez` command."""

from marquez.cli import main

main(prog_name="marquez")
