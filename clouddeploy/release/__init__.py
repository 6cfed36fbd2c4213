"""Build, push and deploy an app over its targets: the line from source to rollout."""
