"""Runs the steps of this folder, one for each line of input, and answers each with one line of JSON: {"error": null or text}.

`--list` prints their names instead, in order. The kubeconfig is that of $KUBECONFIG. Needs Debian's python3-kubernetes.
"""
import importlib
import json
import os
import sys
import traceback

MODULES = ("typed_steps", "stream_steps", "dynamic_steps", "access_steps", "restart_steps")


def steps():
    """Every function of the modules whose name is that of a step, in the order in which they are written."""
    found = {}
    for module in map(importlib.import_module, MODULES):
        for name, function in vars(module).items():
            if name.startswith("it_"):
                found[name[len("it_"):].replace("_", " ")] = function
    return found


def run(function):
    try:
        function()
    except (Exception, SystemExit):  # whatever a step throws is its answer; the library exits for what it does not like
        return traceback.format_exc()
    return None


def main():
    # What the library prints must not come between the answers.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    known = steps()
    if sys.argv[1:] == ["--list"]:
        print(json.dumps(list(known)), file=answers, flush=True)
        return
    from kubernetes import config

    config.load_kube_config()
    for line in sys.stdin:
        print(json.dumps({"error": run(known[line.strip()])}), file=answers, flush=True)


main()
