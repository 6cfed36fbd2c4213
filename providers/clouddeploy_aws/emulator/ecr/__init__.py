"""ECR: its API over an OCI registry that really stores, with a password that really expires."""
