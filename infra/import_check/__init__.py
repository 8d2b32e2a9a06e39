"""Whether Lambda can import what an archive contains."""
