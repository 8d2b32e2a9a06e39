"""An AWS account on your machine, with this project deployed into it."""
