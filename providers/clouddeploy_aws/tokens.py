"""EKS bearer tokens: a presigned STS request that proves who we are to one cluster.

Format and lifetime: aws-iam-authenticator, pkg/token. The URL is signed for the real regional
STS host whatever AWS_ENDPOINT_URL says: the cluster refuses any other.
"""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta

from clouddeploy.contract import Secret, Token
from clouddeploy_aws.partitions import sts_host
from clouddeploy_aws.session import Session

PREFIX = "k8s-aws-v1."
CLUSTER_HEADER = "x-k8s-aws-id"
_LIFE = timedelta(minutes=14)  # the cluster accepts it for 15 minutes
_URL_LIFE = 60  # seconds; the cluster does not look at it


def mint(session: Session, cluster: str) -> Token:
    """A token for one cluster, made without a request; expires after 14 minutes."""
    credentials = session.credentials()
    from botocore.auth import SigV4QueryAuth
    from botocore.awsrequest import AWSRequest

    region = session.region
    request = AWSRequest(
        method="GET",
        url=f"https://{sts_host(region)}/?Action=GetCallerIdentity&Version=2011-06-15",
        headers={CLUSTER_HEADER: cluster},
    )
    now = datetime.now(UTC)
    SigV4QueryAuth(credentials.get_frozen_credentials(), "sts", region, expires=_URL_LIFE).add_auth(request)
    encoded = base64.urlsafe_b64encode(str(request.url).encode()).decode().rstrip("=")
    return Token(Secret(PREFIX + encoded), now + _LIFE)
