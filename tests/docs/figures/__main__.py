"""`python -m tests.docs.figures`: writes the tables of docs/cost.md and docs/limits.md anew."""

from tests.docs.figures import cost, limits
from tests.docs.figures.blocks import rewrite
from tests.docs.guide import DOCS

if __name__ == "__main__":
    rewrite(DOCS / "cost.md", cost.blocks())
    rewrite(DOCS / "limits.md", limits.blocks())
