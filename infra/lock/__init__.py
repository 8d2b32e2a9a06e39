"""Which versions the bundle and the developers have, and `python -m infra.lock`."""
