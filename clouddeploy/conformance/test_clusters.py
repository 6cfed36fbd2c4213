"""What every provider's clusters do: listed, reached, and clear about what is not there."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from clouddeploy import clusters
from clouddeploy.conformance.checks import assert_helpful
from clouddeploy.conformance.kubeapi import ask
from clouddeploy.conformance.rig import Site
from clouddeploy.contract import Provider, Secret, Status, Token
from clouddeploy.errors import NotFoundError


@pytest.fixture
def cluster(site: Site, provider: Provider) -> str:
    """The name of a cluster that is ready; made when the site has none."""
    if site.cluster:
        return site.cluster
    clusters.up(clusters.steps_of(provider, site.target), clock=site.clock)
    return site.target.cluster.name


def test_a_cluster_that_is_not_there_is_not_found(site: Site, provider: Provider) -> None:
    with pytest.raises(NotFoundError, match="no-such-cluster") as caught:
        provider.clusters.access("no-such-cluster")
    assert_helpful(caught.value, site)


def test_a_cluster_is_listed_and_reached(
    cluster: str, site: Site, provider: Provider, tmp_path: Path
) -> None:
    (listed,) = provider.clusters.list()
    assert (listed.name, listed.state.status) == (cluster, Status.READY)
    access = provider.clusters.access(cluster)
    assert access.server == listed.endpoint
    assert access.verify
    credential = access.credential()
    assert ask(access, credential, "/version", tmp_path) == 200
    assert ask(access, credential, "/api/v1/namespaces", tmp_path) == 200

    # Made up, or for another cluster: nobody gets in.
    for stranger in (Token(Secret("not-a-token")), None):
        assert ask(access, stranger, "/api/v1/namespaces", tmp_path) in {401, 403}


def test_access_tells_whose_the_cluster_is(cluster: str, site: Site, provider: Provider) -> None:
    """Ours is never called somebody else's, nor the other way round: `deploy` goes to none by chance."""
    assert provider.clusters.access(cluster).owned is not False
    if site.disown:
        site.disown(cluster)
        assert provider.clusters.access(cluster).owned is not True


def test_a_cluster_that_was_made_may_pull_and_the_second_time_writes_nothing(
    cluster: str, site: Site, provider: Provider
) -> None:
    if provider.let_pull is None:
        return  # clusters pull by themselves, or nobody can let them: nothing was promised
    clusters.up([provider.let_pull(cluster)], clock=site.clock)
    before = site.writes() if site.writes else 0
    (again,) = clusters.up([provider.let_pull(cluster)], clock=site.clock)
    assert again.action is clusters.Action.KEEP
    assert (site.writes() if site.writes else 0) == before


def test_a_credential_can_be_had_again_and_again_and_hides_its_value(
    cluster: str, site: Site, provider: Provider
) -> None:
    access = provider.clusters.access(cluster)
    for credential in (access.credential(), access.credential()):
        assert credential
        secret = credential.value if isinstance(credential, Token) else credential.key
        assert secret.reveal() not in f"{credential!r} {credential} {access!r}"
        if isinstance(credential, Token) and credential.expires:
            assert credential.expires > datetime.now(UTC)
    assert not [secret for secret in site.secrets if secret in repr(access)]
