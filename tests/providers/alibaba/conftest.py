from moto_fixtures.alibaba import alibaba_account, alibaba_cloud

__all__ = ["alibaba_account", "alibaba_cloud"]
