"""The documents that are deployed, made from names and ARNs. No Pulumi."""
