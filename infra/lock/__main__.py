"""`python -m infra.lock`: runs a command."""

import sys

from infra.lock.commands import main

main(*sys.argv[1:])
