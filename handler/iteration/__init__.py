"""One visit of `Run`: admission, the author's code, its outcome, the answer. Ending a task is
`lifecycle`'s.
"""
