"""clouddeploy takes a containerised app to four clouds through one interface."""

__version__ = "0.1.0"
