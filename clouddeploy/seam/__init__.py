"""The words of `clouddeploy.contract`, by subject. Standard library only."""
