"""What happens to a task from outside an iteration, and how it ends. No author's code but its
hooks.
"""
