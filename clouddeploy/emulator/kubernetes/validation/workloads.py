"""Pods and what makes them: Deployment, ReplicaSet, StatefulSet, DaemonSet, Job, CronJob."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from clouddeploy.emulator.kubernetes.selectors import matches_selector
from clouddeploy.emulator.kubernetes.validation.metadata import check_labels
from clouddeploy.emulator.kubernetes.validation.pods import check_pod_spec
from clouddeploy.emulator.kubernetes.validation.problems import Problems

Json = Mapping[str, Any]
Check = Callable[[Json | None, Json, Problems], None]


def _check_template(field: str, template: Json, problems: Problems, policies: tuple[str, ...]) -> None:
    check_labels(f"{field}.metadata", template.get("metadata") or {}, problems)
    check_pod_spec(f"{field}.spec", template["spec"], problems)
    problems.supported(f"{field}.spec.restartPolicy", template["spec"]["restartPolicy"], policies)


def _check_selector(old: Json | None, new: Json, problems: Problems) -> None:
    spec = new["spec"]
    selector = spec.get("selector")
    labels = (spec["template"].get("metadata") or {}).get("labels") or {}
    if selector is None:
        problems.required("spec.selector")
    elif not selector.get("matchLabels") and not selector.get("matchExpressions"):
        problems.invalid("spec.selector", selector, "empty selector is invalid for deployment")
    if not selector or not matches_selector(selector, labels):
        why = "`selector` does not match template `labels`"
        problems.invalid("spec.template.metadata.labels", dict(sorted(labels.items())), why)
    if old is not None and old["spec"].get("selector") != selector:
        problems.invalid("spec.selector", selector, "field is immutable")


def _controller(old: Json | None, new: Json, problems: Problems) -> None:
    spec = new["spec"]
    problems.not_negative("spec.replicas", spec.get("replicas"))
    _check_selector(old, new, problems)
    _check_template("spec.template", spec["template"], problems, ("Always",))


def _deployment(old: Json | None, new: Json, problems: Problems) -> None:
    _controller(old, new, problems)
    strategy = new["spec"]["strategy"]
    if strategy["type"] not in ("Recreate", "RollingUpdate"):
        value = {"Type": strategy["type"], "RollingUpdate": strategy.get("rollingUpdate")}
        problems.supported("spec.strategy", value, ("Recreate", "RollingUpdate"))
    elif strategy["type"] == "Recreate" and "rollingUpdate" in strategy:
        field = "spec.strategy.rollingUpdate"
        problems.forbidden(field, "may not be specified when strategy `type` is 'Recreate'")
    problems.not_negative("spec.minReadySeconds", new["spec"].get("minReadySeconds"))


def _stateful_set(old: Json | None, new: Json, problems: Problems) -> None:
    _controller(old, new, problems)
    fixed = ("serviceName", "volumeClaimTemplates", "podManagementPolicy")
    if old is not None and any(old["spec"].get(name) != new["spec"].get(name) for name in fixed):
        names = "'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', "
        names += "'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds'"
        problems.forbidden("spec", f"updates to statefulset spec for fields other than {names} are forbidden")


def _job(old: Json | None, new: Json, problems: Problems) -> None:
    template = new["spec"]["template"]
    _check_template("spec.template", template, problems, ("OnFailure", "Never"))
    if old is not None and old["spec"]["template"] != template:
        problems.invalid("spec.template", template, "field is immutable")


def _cron_job(_old: Json | None, new: Json, problems: Problems) -> None:
    if not new["spec"].get("schedule"):
        problems.required("spec.schedule")
    template = new["spec"]["jobTemplate"]["spec"]["template"]
    _check_template("spec.jobTemplate.spec.template", template, problems, ("OnFailure", "Never"))


def _pod(old: Json | None, new: Json, problems: Problems) -> None:
    check_pod_spec("spec", new["spec"], problems)
    if old is not None and _fixed(old) != _fixed(new):
        names = "`spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,"
        names += (
            "`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds`"
        )
        names += " (allow it to be set to 1 if it was previously negative)"
        problems.forbidden("spec", f"pod updates may not change fields other than {names}")


def _fixed(pod: Json) -> Json:
    spec = {
        k: v for k, v in pod["spec"].items() if k not in ("nodeName", "tolerations", "activeDeadlineSeconds")
    }
    spec["containers"] = [{**container, "image": ""} for container in spec["containers"]]
    return spec


CHECKS: Mapping[str, Check] = {
    "CronJob": _cron_job,
    "DaemonSet": _controller,
    "Deployment": _deployment,
    "Job": _job,
    "Pod": _pod,
    "ReplicaSet": _controller,
    "StatefulSet": _stateful_set,
}
