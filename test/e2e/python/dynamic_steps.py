"""The dynamic client, which reads discovery, and kinds of one's own."""
import json

from common import NAMESPACE, a_config_map, refused, same, until
from kubernetes import client, dynamic
from kubernetes.dynamic.exceptions import ConflictError, NotFoundError

GROUP = "python.example.com"


def open_dynamic():
    return dynamic.DynamicClient(client.ApiClient())


def it_finds_kinds_by_discovery():
    resources = open_dynamic().resources
    deployments = resources.get(api_version="apps/v1", kind="Deployment")
    same((deployments.name, deployments.namespaced, deployments.short_names), ("deployments", True, ["deploy"]))
    assert "scale" in deployments.subresources and "patch" in deployments.verbs
    same(resources.get(short_names=["cm"]).kind, "ConfigMap")
    same({each.group_version for each in resources.search(kind="Event")}, {"v1", "events.k8s.io/v1"})


def it_writes_and_reads_without_models():
    config_maps = open_dynamic().resources.get(api_version="v1", kind="ConfigMap")
    config_maps.create(body=a_config_map("dynamic", a="1", b="2"), namespace=NAMESPACE)
    merge = {"data": {"a": None, "c": "3"}}
    patched = config_maps.patch(name="dynamic", namespace=NAMESPACE, body=merge, content_type="application/merge-patch+json")
    same(patched.to_dict()["data"], {"b": "2", "c": "3"})
    operations = [{"op": "remove", "path": "/data/b"}]
    patched = config_maps.patch(name="dynamic", namespace=NAMESPACE, body=operations, content_type="application/json-patch+json")
    same(patched.to_dict()["data"], {"c": "3"})
    body = {**patched.to_dict(), "data": {"d": "4"}}
    same(config_maps.replace(body=body, namespace=NAMESPACE).data.d, "4")
    try:
        config_maps.replace(body=body, namespace=NAMESPACE)
    except ConflictError as error:
        assert "the object has been modified" in str(error.summary()), error.summary()
    else:
        raise AssertionError("an old object replaced a newer one")
    same([each.metadata.name for each in config_maps.get(namespace=NAMESPACE, label_selector="of=python").items], ["dynamic"])


def it_watches_without_models():
    config_maps = open_dynamic().resources.get(api_version="v1", kind="ConfigMap")
    seen = config_maps.watch(namespace=NAMESPACE, label_selector="of=python", timeout=1)
    same([(event["type"], event["object"].metadata.name) for event in seen], [("ADDED", "dynamic")])
    config_maps.delete(namespace=NAMESPACE, label_selector="of=python")
    try:
        config_maps.get(name="dynamic", namespace=NAMESPACE)
    except NotFoundError:
        return
    raise AssertionError("still there")


def it_applies_on_the_server():
    config_maps = open_dynamic().resources.get(api_version="v1", kind="ConfigMap")

    def apply(manager, force=None, **data):
        # As text: this client sends objects of this content type in no other form.
        body = json.dumps(a_config_map("applied", **data))
        where = {"name": "applied", "namespace": NAMESPACE}
        return config_maps.server_side_apply(body=body, field_manager=manager, force_conflicts=force, **where)

    same(apply("one", a="1", b="1").to_dict()["data"], {"a": "1", "b": "1"})
    same(apply("one", a="1").to_dict()["data"], {"a": "1"})
    try:
        apply("two", a="2")
    except ConflictError as error:
        assert 'conflict with "one"' in str(error.summary()), error.summary()
    else:
        raise AssertionError("no conflict")
    applied = apply("two", force=True, a="2")
    owners = {each["manager"]: each["operation"] for each in applied.to_dict()["metadata"]["managedFields"]}
    same((applied.data.a, owners["two"]), ("2", "Apply"))
    config_maps.delete(name="applied", namespace=NAMESPACE)


def a_definition():
    schema = {
        "type": "object",
        "properties": {
            "spec": {"type": "object", "properties": {"size": {"type": "integer", "minimum": 1}, "colour": {"type": "string", "default": "red"}}},
            "status": {"type": "object", "properties": {"seen": {"type": "boolean"}}},
        },
    }
    version = {
        "name": "v1", "served": True, "storage": True,
        "schema": {"openAPIV3Schema": schema}, "subresources": {"status": {}},
    }
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"shapes.{GROUP}"},
        "spec": {
            "group": GROUP, "scope": "Namespaced", "versions": [version],
            "names": {"plural": "shapes", "singular": "shape", "kind": "Shape"},
        },
    }


def it_declares_a_kind():
    definitions = client.ApiextensionsV1Api()
    definitions.create_custom_resource_definition(a_definition())

    def is_established():
        found = definitions.read_custom_resource_definition(f"shapes.{GROUP}")
        return any(each.type == "Established" and each.status == "True" for each in found.status.conditions or [])

    until(is_established)
    place = (GROUP, "v1", NAMESPACE, "shapes")
    custom = client.CustomObjectsApi()
    body = {"apiVersion": f"{GROUP}/v1", "kind": "Shape", "metadata": {"name": "box"}, "spec": {"size": 1}}
    same(until(lambda: custom.create_namespaced_custom_object(*place, body))["spec"], {"size": 1, "colour": "red"})
    same(custom.patch_namespaced_custom_object(*place, "box", {"spec": {"size": 2}})["spec"]["size"], 2)
    error = refused(422, custom.patch_namespaced_custom_object, *place, "box", {"spec": {"size": 0}})
    assert "spec.size" in error.body, error.body
    same(custom.patch_namespaced_custom_object_status(*place, "box", {"status": {"seen": True}})["status"], {"seen": True})
    same(len(custom.list_cluster_custom_object(GROUP, "v1", "shapes")["items"]), 1)


def it_finds_a_kind_of_ones_own():
    opened = open_dynamic()
    opened.resources.invalidate_cache()
    shapes = opened.resources.get(api_version=f"{GROUP}/v1", kind="Shape")
    same(shapes.get(name="box", namespace=NAMESPACE).spec.colour, "red")
    same(shapes.delete(name="box", namespace=NAMESPACE).status, "Success")
    definitions = client.ApiextensionsV1Api()
    definitions.delete_custom_resource_definition(f"shapes.{GROUP}")
    until(lambda: refused(404, definitions.read_custom_resource_definition, f"shapes.{GROUP}"))


def it_reads_metrics():
    metrics = client.CustomObjectsApi().list_cluster_custom_object("metrics.k8s.io", "v1beta1", "nodes")
    assert metrics["items"][0]["usage"]["memory"], metrics
