"""Every member of every spec of the API's model, as a path such as `VirtualNodeSpec.listeners[].timeout.http.idle`."""
import functools
import json
import os
import pathlib
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[3]
# The kinds as inputs of goldens name them.
SPECS = {"mesh": "MeshSpec", "virtualNode": "VirtualNodeSpec", "virtualRouter": "VirtualRouterSpec",
         "route": "RouteSpec", "virtualService": "VirtualServiceSpec", "virtualGateway": "VirtualGatewaySpec",
         "gatewayRoute": "GatewayRouteSpec"}
# Two members that are one value.
_WHOLE = {"Duration"}


@functools.cache
def _shapes():
    program = ROOT / os.environ.get("CHANCERY_BUILD", "build/release") / "src/model/model_dump"
    return json.loads(subprocess.run([program], check=True, capture_output=True, timeout=60).stdout)["shapes"]


@functools.cache
def members():
    """All paths, in the order of the kinds above and of the model."""
    return tuple(path for spec in SPECS.values() for path in _below({"type": "structure", "shape": spec}, spec))


def _below(value, path):
    if value["type"] == "list":
        yield from _below(value["member"], f"{path}[]")
    elif value["type"] == "structure" and value["shape"] not in _WHOLE:
        for name, member in _shapes()[value["shape"]]["members"].items():
            yield from _below(member, f"{path}.{name}")
    else:
        yield path


def set_in(spec, value):
    """(path, value) of every member that a spec, as JSON, sets."""
    if isinstance(value, list):
        for item in value:
            yield from set_in(f"{spec}[]", item)
    elif isinstance(value, dict) and not set(value) == {"unit", "value"}:
        for name, item in value.items():
            yield from set_in(f"{spec}.{name}", item)
    else:
        yield spec, value


def expand(pattern):
    """The patterns that `a.{b,c}.d` stands for."""
    before, brace, rest = pattern.partition("{")
    if not brace:
        return [pattern]
    choices, _, after = rest.partition("}")
    return [one for choice in choices.split(",") for one in expand(before + choice + after)]


def matching(pattern):
    """The members that a pattern names, itself or all below it."""
    return [path for path in members() for one in expand(pattern)
            if path == one or path.startswith((f"{one}.", f"{one}[]"))]
