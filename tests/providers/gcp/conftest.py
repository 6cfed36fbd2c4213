from moto_fixtures.gcp import gcp_account, gcp_cloud

__all__ = ["gcp_account", "gcp_cloud"]
