"""One module for each kind of cloud resource that a cluster needs, in the order of creation."""
