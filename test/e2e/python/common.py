"""What steps share: where they work, objects they make, and waiting for what the cluster will do."""
import time

from kubernetes.client.rest import ApiException

NAMESPACE = "default"
IMAGE = "busybox:1.36"
WITHIN_SECONDS = 90
UNTIL_STOPPED = "trap 'exit 0' TERM; echo ready; httpd -p 8080 -h /tmp; sleep 1000000 & wait $!"


def until(check):
    """The check's answer once it throws no more and is true; its last error when that takes too long."""
    deadline = time.monotonic() + WITHIN_SECONDS
    while True:
        try:
            answer = check()
            assert answer, "not yet"
            return answer
        except (AssertionError, ApiException):
            if time.monotonic() > deadline:
                raise
        time.sleep(0.1)


def refused(status, function, *args, **kwargs):
    """The error that the call is refused with."""
    try:
        function(*args, **kwargs)
    except ApiException as error:
        assert error.status == status, (error.status, error.body)
        return error
    raise AssertionError(f"not refused with {status}")


def same(found, wanted):
    assert found == wanted, f"{found!r} is not {wanted!r}"


def pod_spec(script=UNTIL_STOPPED):
    container = {
        "name": "main",
        "image": IMAGE,
        "command": ["sh", "-c", script],
        "resources": {"requests": {"cpu": "5m", "memory": "4Mi"}},
    }
    return {"terminationGracePeriodSeconds": 2, "containers": [container]}


def a_pod(name, **spec):
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "labels": {"app": name}},
        "spec": {**pod_spec(), **spec},
    }


def a_config_map(name, **data):
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "labels": {"of": "python"}}, "data": data}
