"""`python -m conto` is `conto`."""

from conto.cli import main

main()
