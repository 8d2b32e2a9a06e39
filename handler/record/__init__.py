"""What is stored of a task, as values. Nothing here reads or writes."""
