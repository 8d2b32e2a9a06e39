"""The local AWS with faults: `python -m tests.chaos.aws <folder> <seed>`, as `python -m local.aws`
otherwise.
"""

import sys
from pathlib import Path

from local.aws.__main__ import main
from tests.chaos.aws.buckets import Buckets
from tests.chaos.aws.dice import Dice
from tests.chaos.aws.events import Events
from tests.chaos.aws.lambdas import Lambdas
from tests.chaos.aws.machines import Machines
from tests.chaos.aws.queues import Queues
from tests.chaos.aws.tables import Tables
from tests.chaos.ledger import Ledger

if __name__ == "__main__":
    folder, seed = sys.argv[1:]
    ledger, dice = Ledger(Path(folder)), Dice(int(seed))
    parts = (Tables, Events, Lambdas, Buckets, Machines, Queues)
    main(folder, also=[part(ledger, dice).apply for part in parts])
