"""The generated client: its models check what they are given and what comes back."""
import inspect
import tempfile

from common import NAMESPACE, a_config_map, a_pod, pod_spec, refused, same, until
from kubernetes import client, utils
from kubernetes.client.rest import ApiException


def it_tells_what_it_talks_to():
    assert client.VersionApi().get_code().git_version.startswith("v1.32.")
    groups = {group.name for group in client.ApisApi().get_api_versions().groups}
    assert {"apps", "batch", "rbac.authorization.k8s.io"} <= groups, groups
    (node,) = client.CoreV1Api().list_node().items
    assert {condition.type: condition.status for condition in node.status.conditions}["Ready"] == "True"
    assert node.status.node_info.kubelet_version and utils.parse_quantity(node.status.allocatable["memory"]) > 0


def it_creates_and_reads_models():
    apps = client.AppsV1Api()
    labels = {"app": "typed"}
    deployment = client.V1Deployment(
        metadata=client.V1ObjectMeta(name="typed"),
        spec=client.V1DeploymentSpec(
            replicas=1,
            selector=client.V1LabelSelector(match_labels=labels),
            template={"metadata": {"labels": labels}, "spec": pod_spec()},
        ),
    )
    created = apps.create_namespaced_deployment(NAMESPACE, deployment)
    same((created.metadata.generation, created.spec.strategy.rolling_update.max_surge), (1, "25%"))
    assert created.metadata.creation_timestamp.tzinfo is not None
    refused(409, apps.create_namespaced_deployment, NAMESPACE, deployment)
    until(lambda: apps.read_namespaced_deployment_status("typed", NAMESPACE).status.ready_replicas == 1)
    (pod,) = client.CoreV1Api().list_namespaced_pod(NAMESPACE, label_selector="app=typed").items
    same(pod.metadata.owner_references[0].kind, "ReplicaSet")
    assert pod.status.pod_ip and pod.status.container_statuses[0].state.running.started_at


def it_creates_from_yaml():
    core = client.CoreV1Api()
    text = """
apiVersion: v1
kind: Namespace
metadata: {name: from-yaml}
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: from-yaml}
spec: {selector: {app: web}, ports: [{port: 80}]}
---
apiVersion: batch/v1
kind: CronJob
metadata: {name: nightly, namespace: from-yaml}
spec:
  schedule: "0 3 * * *"
  jobTemplate: {spec: {template: {spec: {restartPolicy: Never, containers: [{name: main, image: "busybox:1.36"}]}}}}
"""
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
        file.write(text)
        file.flush()
        utils.create_from_yaml(client.ApiClient(), file.name)
        assert core.read_namespaced_service("web", "from-yaml").spec.cluster_ip.startswith("10.96.")
        try:
            utils.create_from_yaml(client.ApiClient(), file.name)
        except utils.FailToCreateError as error:
            same([each.status for each in error.api_exceptions], [409, 409, 409])
        else:
            raise AssertionError("created twice")
    core.delete_namespace("from-yaml")
    until(lambda: refused(404, core.read_namespace, "from-yaml"))


def it_patches():
    apps = client.AppsV1Api()
    strategic = {"spec": {"template": {"spec": {"containers": [{"name": "main", "env": [{"name": "A", "value": "1"}]}]}}}}
    patched = apps.patch_namespaced_deployment("typed", NAMESPACE, strategic)
    (container,) = patched.spec.template.spec.containers
    same((container.image, container.env[0].value), ("busybox:1.36", "1"))
    patched = apps.patch_namespaced_deployment("typed", NAMESPACE, [{"op": "replace", "path": "/spec/replicas", "value": 2}])
    same(patched.spec.replicas, 2)
    error = refused(422, apps.patch_namespaced_deployment, "typed", NAMESPACE, [{"op": "test", "path": "/spec/replicas", "value": 9}])
    assert "test" in error.body, error.body
    patched = apps.patch_namespaced_deployment_scale("typed", NAMESPACE, {"spec": {"replicas": 1}})
    same(patched.spec.replicas, 1)
    same(apps.read_namespaced_deployment_scale("typed", NAMESPACE).status.selector, "app=typed")
    same(apps.patch_namespaced_deployment("typed", NAMESPACE, {"spec": {"replicas": 3}}, dry_run="All").spec.replicas, 3)
    same(apps.read_namespaced_deployment("typed", NAMESPACE).spec.replicas, 1)


def it_replaces_what_nobody_has_changed():
    core = client.CoreV1Api()
    first = core.create_namespaced_config_map(NAMESPACE, a_config_map("replaced", a="1"))
    first.data = {"a": "2"}
    second = core.replace_namespaced_config_map("replaced", NAMESPACE, first)
    assert second.metadata.resource_version != first.metadata.resource_version
    same(second.data, {"a": "2"})
    refused(409, core.replace_namespaced_config_map, "replaced", NAMESPACE, first)
    refused(404, core.replace_namespaced_config_map, "nobody", NAMESPACE, a_config_map("nobody"))
    core.delete_namespaced_config_map("replaced", NAMESPACE)


def it_says_what_is_invalid():
    pod = a_pod("Not_A_Name")
    error = refused(422, client.CoreV1Api().create_namespaced_pod, NAMESPACE, pod)
    assert 'metadata.name: Invalid value: \\"Not_A_Name\\"' in error.body, error.body


def it_lists_page_by_page():
    core = client.CoreV1Api()
    for index in range(5):
        core.create_namespaced_config_map(NAMESPACE, a_config_map(f"page-{index}"))
    names, token = [], None
    while token != "":
        page = core.list_namespaced_config_map(NAMESPACE, label_selector="of=python", limit=2, _continue=token)
        names += [each.metadata.name for each in page.items]
        token = page.metadata._continue or ""
    same(names, [f"page-{index}" for index in range(5)])
    found = core.list_namespaced_config_map(NAMESPACE, field_selector="metadata.name=page-3")
    same([each.metadata.name for each in found.items], ["page-3"])


def it_deletes():
    core = client.CoreV1Api()
    wrong = client.V1DeleteOptions(preconditions=client.V1Preconditions(uid="another"))
    refused(409, core.delete_namespaced_config_map, "page-0", NAMESPACE, body=wrong)
    same(core.delete_namespaced_config_map("page-0", NAMESPACE).status, "Success")
    core.delete_collection_namespaced_config_map(NAMESPACE, label_selector="of=python")
    same(core.list_namespaced_config_map(NAMESPACE, label_selector="of=python").items, [])
    client.AppsV1Api().delete_namespaced_deployment("typed", NAMESPACE, propagation_policy="Foreground")
    until(lambda: core.list_namespaced_pod(NAMESPACE, label_selector="app=typed").items == [])
    # Its pods go first; the deployment itself a moment later.
    until(lambda: refused(404, client.AppsV1Api().read_namespaced_deployment, "typed", NAMESPACE))


def it_reads_every_kind_it_knows():
    """Each list of each API that is served, through models that refuse what their kind must not leave out."""
    served = {
        version.group_version for group in client.ApisApi().get_api_versions().groups for version in group.versions
    } | {"v1"}
    faults, listed = [], 0
    for name, api in vars(client).items():
        if not (inspect.isclass(api) and name.endswith("Api")):
            continue
        for method_name, method in inspect.getmembers(api(), inspect.ismethod):
            if not method_name.startswith("list_") or method_name.endswith("_with_http_info"):
                continue
            if any(each.default is inspect.Parameter.empty and each.kind is each.POSITIONAL_OR_KEYWORD for each in inspect.signature(method).parameters.values()):
                continue
            # A model of this client (and of its like on Kubernetes) refuses Events that the kubelet's older recorder made.
            if method_name == "list_event_for_all_namespaces" and name == "EventsV1Api":
                continue
            try:
                found = method()
                assert found.api_version in served, found.api_version
                listed += 1
            except ApiException as error:
                if error.status != 404:
                    faults.append(f"{name}.{method_name}: {error}")
            except ValueError as error:
                faults.append(f"{name}.{method_name}: {error}")
    same(faults, [])
    assert listed > 35, listed
