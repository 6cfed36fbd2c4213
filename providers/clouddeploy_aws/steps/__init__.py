"""The AWS resources behind one cluster, each a Step; found again by name and tag, no state file.

`state` looks at every part of a resource. A half-made one (a VPC without DNS host names, a role
without all policies) is ABSENT with the detail "incomplete: …", and `create` finishes it.
"""
