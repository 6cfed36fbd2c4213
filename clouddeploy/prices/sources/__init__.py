"""The vendors' own price lists, read over HTTP."""
