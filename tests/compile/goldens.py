"""The goldens of the compiler as the tests of this folder read them."""
import json
import pathlib

ROOT = pathlib.Path(__file__).resolve().parents[2]
TESTDATA = ROOT / "src/compile/testdata"
# The profiles of src/compile/profile.h.
PROFILES = ["stock", "old"]
# A member of a golden's proxy and the type of its resources.
TYPES = {
    "clusters": "envoy.config.cluster.v3.Cluster",
    "endpoints": "envoy.config.endpoint.v3.ClusterLoadAssignment",
    "listeners": "envoy.config.listener.v3.Listener",
    "routes": "envoy.config.route.v3.RouteConfiguration",
    "secrets": "envoy.extensions.transport_sockets.tls.v3.Secret",
}


def cases():
    return sorted(path.parent.name for path in TESTDATA.glob("*/input.json"))


def resources(case):
    """What the case consists of: [{kind, name, parent?, spec}]."""
    return json.loads((TESTDATA / case / "input.json").read_text(encoding="utf-8"))


def proxies(case, profile="stock"):
    """{"virtualNode/name": {clusters, listeners, routes, warnings, ...}} as `profile` is given it."""
    made = json.loads((TESTDATA / case / "expect.json").read_text(encoding="utf-8"))
    own = TESTDATA / case / f"expect.{profile}.json"
    if own.exists():
        made |= json.loads(own.read_text(encoding="utf-8"))
    return made
