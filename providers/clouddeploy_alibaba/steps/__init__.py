"""The Alibaba Cloud resources behind one cluster, each a Step; found again by name and tag, no state file."""
