"""The resources behind one cluster, each a Step; found again by name and label, no state file."""
