"""Your tasks: one task, one file. Adding a file here is all it takes."""
