"""What a client sees of a master that was killed and started again, before the first of these steps."""
from common import NAMESPACE, a_config_map, refused, same
from kubernetes import client, watch


def it_lists_again_after_410():
    """A revision from before the restart is no longer known: the client is told, and a new list is where it goes on."""
    core = client.CoreV1Api()
    watcher = watch.Watch()
    events = watcher.stream(core.list_namespaced_config_map, NAMESPACE, resource_version="1", timeout_seconds=60)
    error = refused(410, lambda: next(events))
    assert error.reason.startswith("Expired: too old resource version: 1"), error.reason
    start = core.list_namespaced_config_map(NAMESPACE).metadata.resource_version
    core.create_namespaced_config_map(NAMESPACE, a_config_map("later"))
    seen = []
    for event in watcher.stream(core.list_namespaced_config_map, NAMESPACE, resource_version=start, timeout_seconds=60):
        seen.append((event["type"], event["object"].metadata.name))
        watcher.stop()
    same(seen, [("ADDED", "later")])
    core.delete_namespaced_config_map("later", NAMESPACE)
