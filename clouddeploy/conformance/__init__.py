"""The conformance suite: what every provider does, run against an emulated or a real cloud.

    clouddeploy provider test acme                     the rig of an installed plug-in
    clouddeploy provider test acme --rig my.module:RIG

A plug-in joins with one entry point in the group `clouddeploy.rigs` that names its Rig.
Needs the extra `clouddeploy[conformance]`.
"""
