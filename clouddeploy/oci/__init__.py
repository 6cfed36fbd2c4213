"""The OCI distribution protocol: what every registry speaks, and what we let a registry do to us."""
