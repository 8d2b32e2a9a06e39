"""The local AWS: ministack, corrected where it differs from AWS in ways that matter here."""
