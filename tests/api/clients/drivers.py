"""The clients that speak to Chancery in the tests, each with a driver that runs steps through it.

A driver is a program beside this file. Its first argument is the endpoint; without one it leaves the
endpoint to what its SDK finds in the environment. Its standard input is a JSON list of steps:

    {"operation": "ListMeshes", "input": {"limit": 1}, "pages": true}

`input` is in the API's own names; `pages` makes it follow the SDK's paginator, with `limit` as the size of
a page. It prints a line of JSON with the SDK's version and one for each step:

    {"version": "1.2.3"}
    {"ok": true, "pages": [{...}], "status": 200, "requestId": "..."}
    {"ok": false, "error": "NotFoundException", "message": "...", "status": 404, "requestId": "..."}

`pages` are the outputs in the API's names, one unless pages were followed; `error` is the name of the
SDK's own type, so it shows what a program can catch. No driver retries.
"""
import dataclasses
import functools
import json
import os
import pathlib
import subprocess

from demo.mesh import REGION
from demo.world import ROOT

HERE = pathlib.Path(__file__).resolve().parent
SDKS = ROOT / "build/env/sdks"
GO_HOME = ROOT / "build/env/go"
# Seconds for all steps of a run; the longest takes some ten.
DEADLINE = 300


@dataclasses.dataclass(frozen=True)
class Client:
    name: str
    command: tuple
    # Whether it finds the endpoint in AWS_ENDPOINT_URL_APP_MESH by itself.
    reads_endpoint: bool = True
    # Whether it lets a program see HTTP's status and the request's id.
    tells_exchange: bool = True
    # Whether each page of a list can be seen.
    tells_pages: bool = True
    variables: tuple = ()


CLIENTS = [
    Client("boto3", (ROOT / "build/env/client/bin/python", HERE / "boto/driver.py")),
    Client("AWS CLI, PyPI", (ROOT / "build/env/client/bin/python", HERE / "cli/driver.py"), tells_exchange=False,
           tells_pages=False),
    Client("AWS CLI, Debian", ("/usr/bin/python3", HERE / "cli/driver.py"), reads_endpoint=False,
           tells_exchange=False, tells_pages=False),
    Client("SDK for JavaScript v3", (SDKS / "bin/node", HERE / "javascript/driver.cjs"),
           variables=(("NODE_PATH", str(ROOT / "build/env/javascript/node_modules")),)),
    Client("SDK for Go v1", (GO_HOME / "bin/sdkv1",), reads_endpoint=False),
    Client("SDK for Go v2", (GO_HOME / "bin/sdkv2",)),
]
NAMES = [client.name for client in CLIENTS]


def go(*arguments):
    """Runs the Go command on the drivers' module, with nothing from the network or outside build/."""
    environment = {
        "PATH": os.environ["PATH"], "HOME": str(GO_HOME), "GOPATH": str(GO_HOME), "GOCACHE": str(GO_HOME / "cache"),
        "GOFLAGS": "-mod=readonly -modcacherw", "GOTOOLCHAIN": "local", "GOPROXY": "off", "CGO_ENABLED": "0",
    }
    done = subprocess.run([SDKS / "bin/go", *arguments], cwd=HERE / "go", env=environment, capture_output=True,
                          text=True, timeout=1200, check=False)
    assert done.returncode == 0, done.stderr


@functools.cache
def build_go():
    """Builds the drivers in Go; the first time compiles the SDKs."""
    go("build", "-o", f"{GO_HOME}/bin/", "./sdkv1", "./sdkv2")


def environment(client, home, credentials, **more):
    """What a user's shell would hold."""
    return {
        "PATH": os.environ["PATH"], "HOME": str(home), "LANG": "C.UTF-8", "AWS_PAGER": "",
        "AWS_REGION": REGION, "AWS_DEFAULT_REGION": REGION, "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_MAX_ATTEMPTS": "1",
        "AWS_ACCESS_KEY_ID": credentials["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": credentials["SecretAccessKey"],
        **dict(client.variables), **more,
    }


def run(client, steps, home, credentials, endpoint=None, **more):
    """The version of the SDK and the results of `steps`; `more` are variables for the driver."""
    if client.name.startswith("SDK for Go"):
        build_go()
    asked = [{"operation": step["operation"], "input": step["input"], "pages": "pages" in step} for step in steps]
    done = subprocess.run(
        [*client.command, *([endpoint] if endpoint else [])], input=json.dumps(asked), capture_output=True, text=True,
        env=environment(client, home, credentials, **more), timeout=DEADLINE, check=False)
    assert done.returncode == 0, f"{client.name}: {done.stderr}"
    about, *results = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(results) == len(steps), f"{client.name}: {len(results)} results of {len(steps)}: {done.stderr}"
    return about["version"], results
