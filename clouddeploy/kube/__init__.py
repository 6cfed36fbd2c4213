"""Objects to a running app: apply, wait, look, remove.

Import from the submodules: `client` loads lightkube and httpx2, and only commands that talk
to a cluster should pay for it.
"""
