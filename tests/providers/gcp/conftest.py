import pytest

from moto_fixtures.gcp import GcpAccount, gcp_account, gcp_cloud
from tests.providers.gcp.asker import Asker

__all__ = ["ask", "gcp_account", "gcp_cloud"]


@pytest.fixture
def ask(gcp_account: GcpAccount) -> Asker:
    return Asker(gcp_account.cloud)
