"""The parts of importCsv: from the bytes of a file in S3 to the items of a table."""
