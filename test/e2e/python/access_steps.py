"""Who a client is, and what it may: tokens, certificates, access reviews."""
import base64
import os
import subprocess
import tempfile

import yaml
from common import NAMESPACE, refused, same, until
from kubernetes import client, config

ACCOUNT = "system:serviceaccount:default:robot"


def with_token(token):
    settings = client.Configuration.get_default_copy()
    settings.cert_file = settings.key_file = None
    settings.api_key = {"authorization": f"Bearer {token}"}
    return client.ApiClient(settings)


def a_token():
    request = {"spec": {"audiences": [], "expirationSeconds": 3600}}
    return client.CoreV1Api().create_namespaced_service_account_token("robot", NAMESPACE, request).status.token


def it_makes_a_service_account_and_its_token():
    core = client.CoreV1Api()
    core.create_namespaced_service_account(NAMESPACE, {"metadata": {"name": "robot"}})
    review = client.AuthenticationV1Api().create_token_review({"spec": {"token": a_token()}})
    same((review.status.authenticated, review.status.user.username), (True, ACCOUNT))


def it_is_refused_without_a_role_and_let_in_with_one():
    robot = client.CoreV1Api(with_token(a_token()))
    error = refused(403, robot.list_namespaced_pod, NAMESPACE)
    assert f'User \\"{ACCOUNT}\\" cannot list resource \\"pods\\"' in error.body, error.body
    rbac = client.RbacAuthorizationV1Api()
    rules = [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get", "list"]}]
    rbac.create_namespaced_role(NAMESPACE, {"metadata": {"name": "robot"}, "rules": rules})
    rbac.create_namespaced_role_binding(NAMESPACE, {
        "metadata": {"name": "robot"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "robot"},
        "subjects": [{"kind": "ServiceAccount", "name": "robot", "namespace": NAMESPACE}],
    })
    until(lambda: robot.list_namespaced_pod(NAMESPACE).kind == "PodList")
    refused(403, robot.list_pod_for_all_namespaces)


def it_asks_what_it_may():
    access = client.AuthorizationV1Api(with_token(a_token()))
    may = lambda verb: access.create_self_subject_access_review(
        {"spec": {"resourceAttributes": {"verb": verb, "resource": "pods", "namespace": NAMESPACE}}}
    ).status.allowed
    same((may("list"), may("delete")), (True, False))
    rules = access.create_self_subject_rules_review({"spec": {"namespace": NAMESPACE}}).status.resource_rules
    assert any(rule.resources == ["pods"] and "list" in rule.verbs for rule in rules), rules


def it_is_a_stranger_with_a_wrong_token():
    refused(401, client.CoreV1Api(with_token("nothing")).list_namespace)


def it_loads_a_kubeconfig_with_a_token():
    with open(os.environ["KUBECONFIG"], encoding="utf8") as file:
        kubeconfig = yaml.safe_load(file)
    kubeconfig["users"][0]["user"] = {"token": a_token()}
    opened = config.new_client_from_config_dict(kubeconfig)
    same(client.CoreV1Api(opened).list_namespaced_pod(NAMESPACE).kind, "PodList")


def it_gets_a_certificate_signed_and_logs_in_with_it():
    with tempfile.TemporaryDirectory() as folder:
        key, encoded = a_key_and_request(folder)
    certificates = client.CertificatesV1Api()
    certificates.create_certificate_signing_request({
        "metadata": {"name": "monty"},
        "spec": {"request": encoded, "signerName": "kubernetes.io/kube-apiserver-client", "usages": ["client auth"]},
    })
    found = certificates.read_certificate_signing_request("monty")
    found.status.conditions = [client.V1CertificateSigningRequestCondition(type="Approved", status="True", reason="Test", message="yes")]
    certificates.replace_certificate_signing_request_approval("monty", found)
    signed = until(lambda: certificates.read_certificate_signing_request("monty").status.certificate)
    with open(os.environ["KUBECONFIG"], encoding="utf8") as file:
        kubeconfig = yaml.safe_load(file)
    kubeconfig["users"][0]["user"] = {"client-certificate-data": signed, "client-key-data": key}
    error = refused(403, client.CoreV1Api(config.new_client_from_config_dict(kubeconfig)).list_node)
    assert 'User \\"monty\\"' in error.body, error.body


def a_key_and_request(folder):
    """A key and its signing request for the user monty, both in base64."""
    key, request = os.path.join(folder, "key"), os.path.join(folder, "csr")
    subprocess.run(
        ["openssl", "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
         "-keyout", key, "-out", request, "-subj", "/O=pythons/CN=monty"],
        check=True, capture_output=True,
    )
    return tuple(base64.b64encode(open(path, "rb").read()).decode() for path in (key, request))
