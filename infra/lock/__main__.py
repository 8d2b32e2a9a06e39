"""`python -m infra.lock`: runs a command. Ctrl-C ends it with one line, even while modules load."""

import sys

_INTERRUPTED = 130  # the status that a shell reports for a program ended by Ctrl-C

try:
    from infra.lock.commands import main

    main(*sys.argv[1:])
except KeyboardInterrupt:
    print("Stopped. Nothing was changed.", file=sys.stderr)
    sys.exit(_INTERRUPTED)
