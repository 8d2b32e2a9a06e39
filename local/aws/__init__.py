"""The local AWS itself: ministack, corrected where it differs from AWS in what our program depends
on.
"""
