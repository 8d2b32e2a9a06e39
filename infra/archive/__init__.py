"""What the archive of the Lambdas is made of: our files, and wheels of pinned packages."""
