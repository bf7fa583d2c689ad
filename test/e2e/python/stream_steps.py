"""Watches, logs, exec and port-forward."""
import json
import threading

from common import NAMESPACE, a_config_map, a_pod, refused, same, until
from kubernetes import client, watch
from kubernetes.leaderelection.electionconfig import Config
from kubernetes.leaderelection.leaderelection import LeaderElection
from kubernetes.leaderelection.resourcelock.configmaplock import ConfigMapLock
from kubernetes.stream import portforward, stream


def it_watches_from_a_revision():
    core = client.CoreV1Api()
    start = core.list_namespaced_config_map(NAMESPACE).metadata.resource_version
    core.create_namespaced_config_map(NAMESPACE, a_config_map("watched", a="1"))
    core.patch_namespaced_config_map("watched", NAMESPACE, {"data": {"a": "2"}})
    core.delete_namespaced_config_map("watched", NAMESPACE)
    seen, watcher = [], watch.Watch()
    for event in watcher.stream(core.list_namespaced_config_map, NAMESPACE, resource_version=start, field_selector="metadata.name=watched"):
        seen.append((event["type"], event["object"].data["a"]))
        if event["type"] == "DELETED":
            watcher.stop()
    same(seen, [("ADDED", "1"), ("MODIFIED", "2"), ("DELETED", "2")])


def it_watches_until_its_time_is_over():
    found = watch.Watch().stream(client.CoreV1Api().list_namespace, timeout_seconds=1)
    names = {event["object"].metadata.name for event in found}
    assert {"default", "kube-system"} <= names, names


def it_sees_a_pod_become_ready():
    core, watcher = client.CoreV1Api(), watch.Watch()
    core.create_namespaced_pod(NAMESPACE, a_pod("streams"))
    for event in watcher.stream(core.list_namespaced_pod, NAMESPACE, label_selector="app=streams", timeout_seconds=90):
        conditions = {each.type: each.status for each in event["object"].status.conditions or []}
        if conditions.get("Ready") == "True":
            watcher.stop()
            return
    raise AssertionError("the pod did not become Ready")


def it_reads_logs():
    core = client.CoreV1Api()
    until(lambda: core.read_namespaced_pod_log("streams", NAMESPACE) == "ready\n")
    same(core.read_namespaced_pod_log("streams", NAMESPACE, tail_lines=0), "")
    assert core.read_namespaced_pod_log("streams", NAMESPACE, timestamps=True).endswith("Z ready\n")
    watcher = watch.Watch()
    for line in watcher.stream(core.read_namespaced_pod_log, "streams", NAMESPACE):
        same(line, "ready")
        watcher.stop()
    refused(400, core.read_namespaced_pod_log, "streams", NAMESPACE, container="nobody")


def execute(*command, **options):
    given = {"stdout": True, "stderr": True, "stdin": False, "tty": False, **options}
    # It swaps the request of its client for one over WebSocket: a client of its own.
    core = client.CoreV1Api(client.ApiClient())
    return stream(core.connect_get_namespaced_pod_exec, "streams", NAMESPACE, command=list(command), **given)


def it_executes():
    # The two outputs come in no order between them.
    same(sorted(execute("sh", "-c", "echo $0 x; echo err >&2", "a b").splitlines()), ["a b x", "err"])
    process = execute("sh", "-c", "echo out; echo err >&2; exit 7", _preload_content=False)
    process.run_forever(timeout=60)
    same((process.read_stdout(), process.read_stderr(), process.returncode), ("out\n", "err\n", 7))


def it_types_into_a_process():
    process = execute("sh", "-c", "while read line; do echo \"<$line>\"; done", stdin=True, _preload_content=False)
    for word in ("one", "two"):
        process.write_stdin(f"{word}\n")
        same(process.readline_stdout(timeout=60), f"<{word}>")
    process.close()
    terminal = execute("sh", "-c", "test -t 0 && echo terminal", stdin=True, tty=True)
    same(terminal.strip(), "terminal")


def it_is_told_why_a_command_cannot_run():
    pod = "streams"
    call = client.CoreV1Api(client.ApiClient()).connect_get_namespaced_pod_exec
    error = refused(0, stream, call, pod, NAMESPACE, container="nobody", command=["true"], stdout=True)
    assert "400" in error.reason, error.reason


def it_forwards_a_port():
    same(execute("sh", "-c", "echo hello > /tmp/index.html"), "")
    core = client.CoreV1Api(client.ApiClient())
    forward = portforward(core.connect_get_namespaced_pod_portforward, "streams", NAMESPACE, ports="8080")
    socket = forward.socket(8080)
    socket.settimeout(60)
    socket.sendall(b"GET /index.html HTTP/1.1\r\nHost: web\r\nConnection: close\r\n\r\n")
    answer = b""
    while not answer.endswith(b"hello\n"):
        piece = socket.recv(4096)
        assert piece, (answer, forward.error(8080))
        answer += piece
    socket.close()
    assert answer.startswith(b"HTTP/1.1 200 OK"), answer


def it_reaches_a_pod_through_the_proxy():
    page = client.CoreV1Api().connect_get_namespaced_pod_proxy_with_path("streams:8080", NAMESPACE, "index.html")
    same(page, "hello\n")


def it_evicts():
    core = client.CoreV1Api()
    core.create_namespaced_pod_eviction("streams", NAMESPACE, {"metadata": {"name": "streams", "namespace": NAMESPACE}})
    until(lambda: refused(404, core.read_namespaced_pod, "streams", NAMESPACE))


def it_elects_a_leader():
    def candidate(name, started, stopped):
        lock = ConfigMapLock("leader", NAMESPACE, name)
        timing = {"lease_duration": 3, "renew_deadline": 2, "retry_period": 1}
        election = LeaderElection(Config(lock, onstarted_leading=started.set, onstopped_leading=stopped.set, **timing))
        threading.Thread(target=election.run, daemon=True).start()

    core = client.CoreV1Api()
    first_leads, first_ends, second_leads = threading.Event(), threading.Event(), threading.Event()
    candidate("first", first_leads, first_ends)
    assert first_leads.wait(60)
    candidate("second", second_leads, threading.Event())
    (key,) = core.read_namespaced_config_map("leader", NAMESPACE).metadata.annotations
    holder = lambda: core.read_namespaced_config_map("leader", NAMESPACE).metadata.annotations[key]
    assert '"first"' in holder(), holder()
    # Another one takes the lease and does not renew it: the first must give way, and one of the two leads once it is over.
    until(lambda: take(core, key))
    assert first_ends.wait(60) and second_leads.wait(60)
    assert json.loads(until(holder))["holderIdentity"] == "second"


def take(core, key):
    """Writes another holder in, if nobody has written meanwhile."""
    lock = core.read_namespaced_config_map("leader", NAMESPACE)
    record = {**json.loads(lock.metadata.annotations[key]), "holderIdentity": "stranger"}
    lock.metadata.annotations = {key: json.dumps(record)}
    return core.replace_namespaced_config_map("leader", NAMESPACE, lock)
