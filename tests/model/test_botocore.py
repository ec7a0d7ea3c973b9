"""Holds the API model of api/chancery/model against botocore's own, in both directions.

Both models are brought into one flat table, from a path such as `shapes.MeshSpec.egressFilter.type`
to a value. Equal tables mean equal operations, shapes, members and constraints; DEVIATIONS lists the
entries that differ on purpose.

The program model_dump, in the build folder that CHANCERY_BUILD names (build/release by default),
prints our side.
"""

import copy
import gzip
import json
import os
import pathlib
import subprocess

import botocore
import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]

# path: (ours, botocore's, why)
DEVIATIONS = {
    "shapes.AwsCloudMapInstanceAttribute.value.pattern": (
        "^([a-zA-Z0-9!-~][ \ta-zA-Z0-9!-~]*){0,1}[a-zA-Z0-9!-~]{0,1}$",
        "^([a-zA-Z0-9!-~][  a-zA-Z0-9!-~]*){0,1}[a-zA-Z0-9!-~]{0,1}$",
        "the second space was a TAB originally; both are taken (contract/api.md §2, notes)",
    ),
}

# What botocore says that our messages do not hold, each with its reason. Anything else that a newer
# botocore adds is an unknown trait and fails.
DOCUMENTATION = {"documentation"}  # words
CLIENT_ONLY = {"box"}  # how a client's language holds the value
CHECKED_HERE = {"name", "idempotent", "retryable", "fault", "error", "exception", "responseCode"}


def find_model():
    folder = pathlib.Path(botocore.__file__).parent / "data/appmesh/2019-01-25"
    packed = folder / "service-2.json.gz"
    text = gzip.open(packed).read() if packed.exists() else (folder / "service-2.json").read_bytes()
    return json.loads(text)


def print_ours():
    build = pathlib.Path(os.environ.get("CHANCERY_BUILD", "build/release"))
    program = (build if build.is_absolute() else ROOT / build) / "src/model/model_dump"
    return json.loads(subprocess.run([program], check=True, capture_output=True, timeout=60).stdout)


def known(item, *traits):
    """Fails on a trait that the comparison would overlook."""
    unknown = set(item) - set(traits) - DOCUMENTATION - CLIENT_ONLY - CHECKED_HERE
    assert not unknown, f"botocore knows traits that the comparison does not: {unknown} of {item}"


def read_value(shapes, name):
    """A shape as a member refers to it, in the form that model_dump prints."""
    shape = shapes[name]
    kind = shape["type"]
    value = {"type": kind}
    if kind == "structure":
        return value | {"shape": name}
    if kind == "list":
        known(shape, "type", "member", "min", "max")
        known(shape["member"], "shape")
        value["member"] = read_value(shapes, shape["member"]["shape"])
    else:
        known(shape, "type", "min", "max", "pattern", "enum")
        if "enum" in shape:
            value["shape"] = name
    return value | {trait: shape[trait] for trait in ("min", "max", "pattern", "enum") if trait in shape}


def read_structure(shapes, name):
    shape = shapes[name]
    known(shape, "type", "members", "required", "union", "payload")
    members = {}
    for member_name, member in shape["members"].items():
        known(member, "shape", "location", "locationName", "idempotencyToken")
        # Our codec has one name per member.
        assert member.get("locationName", member_name) == member_name, (name, member_name)
        value = read_value(shapes, member["shape"])
        value |= {trait: member[trait] for trait in ("location", "idempotencyToken") if trait in member}
        if member_name in shape.get("required", []):
            value["required"] = True
        if shape.get("payload") == member_name:
            value["payload"] = True
        members[member_name] = value
    return {"members": members} | ({"union": True} if shape.get("union") else {})


def read_operation(name, operation):
    known(operation, "http", "input", "output", "errors")
    known(operation["http"], "method", "requestUri")
    assert operation["name"] == name
    assert operation["http"].get("responseCode", 200) == 200
    # The frontend gives idempotence by method, as HTTP does.
    assert operation.get("idempotent", False) == (operation["http"]["method"] != "GET"), name
    return {
        "method": operation["http"]["method"],
        "uri": operation["http"]["requestUri"],
        "input": operation["input"]["shape"],
        "output": operation["output"]["shape"],
        "errors": sorted(error["shape"] for error in operation["errors"]),
    }


def read_theirs(model):
    """botocore's model in the form that model_dump prints. Errors have no message of ours."""
    shapes = model["shapes"]
    structures = [n for n, s in shapes.items() if s["type"] == "structure" and not s.get("exception")]
    return {
        "service": model["metadata"]["serviceId"].replace(" ", ""),
        "operations": {name: read_operation(name, operation) for name, operation in model["operations"].items()},
        "shapes": {name: read_structure(shapes, name) for name in structures},
    }


def flatten(item, path=""):
    """A table of one line per fact; also of each operation and shape itself, so that an empty one counts."""
    table = {}
    if isinstance(item, dict):
        table[path] = "{}"
        for name, value in item.items():
            if name not in ("members",):
                table |= flatten(value, f"{path}.{name}" if path else name)
            else:
                for member, rules in value.items():
                    table |= flatten(rules, f"{path}.{member}")
    elif isinstance(item, list):
        table[path] = json.dumps(sorted(item) if path.endswith(".errors") else item)
    else:
        table[path] = item
    return table


def differences(ours, theirs):
    ours, theirs = flatten(ours), flatten(theirs)
    return {
        path: (ours.get(path), theirs.get(path))
        for path in sorted(ours.keys() | theirs.keys())
        if ours.get(path) != theirs.get(path)
    }


@pytest.fixture(scope="module")
def ours():
    return print_ours()


@pytest.fixture(scope="module")
def theirs():
    return read_theirs(find_model())


def test_models_are_equal(ours, theirs, capsys):
    members = sum(len(shape["members"]) for shape in ours["shapes"].values())
    with capsys.disabled():
        print(
            f"\nbotocore {botocore.__version__}: compared {len(ours['operations'])} operations, "
            f"{len(ours['shapes'])} shapes, {members} members, {len(flatten(ours))} facts; "
            f"{len(DEVIATIONS)} deviation with a reason"
        )
    assert len(ours["operations"]) == 38
    assert differences(ours, theirs) == {path: row[:2] for path, row in DEVIATIONS.items()}


def test_every_error_shape_is_just_a_message():
    """Why errors need no messages in our model."""
    shapes = find_model()["shapes"]
    errors = {name: shape for name, shape in shapes.items() if shape.get("exception")}
    assert len(errors) == 10
    for name, shape in errors.items():
        assert list(shape["members"]) == ["message"], name
        assert "required" not in shape, name


def test_every_shape_is_compared(theirs):
    """No structure of botocore is left out but the errors, no other shape but those that members use."""
    shapes = find_model()["shapes"]
    used = {
        member["shape"] for shape in shapes.values() if shape["type"] == "structure" for member in shape["members"].values()
    }
    used |= {shape["member"]["shape"] for shape in shapes.values() if shape["type"] == "list"}
    for name, shape in shapes.items():
        if shape["type"] == "structure":
            assert name in theirs["shapes"] or shape.get("exception"), name
        else:
            assert name in used, name
        assert shape["type"] in ("structure", "list", "string", "integer", "long", "boolean", "timestamp"), name


# Each changes one thing of the model and names the lines that must then differ.
MUTATIONS = {
    "an operation is gone": (lambda m: m["operations"].pop("ListRoutes"), "operations.ListRoutes"),
    "another method": (lambda m: m["operations"]["CreateMesh"].update(method="POST"), "operations.CreateMesh.method"),
    "another path": (
        lambda m: m["operations"]["ListRoutes"].update(uri="/v20190125/meshes/{meshName}/virtualRouters/x/routes"),
        "operations.ListRoutes.uri",
    ),
    "an error is gone": (lambda m: m["operations"]["CreateMesh"]["errors"].pop(), "operations.CreateMesh.errors"),
    "a shape is gone": (lambda m: m["shapes"].pop("TcpTimeout"), "shapes.TcpTimeout"),
    "an empty shape is gone": (lambda m: m["shapes"].pop("TagResourceOutput"), "shapes.TagResourceOutput"),
    "a shape too many": (lambda m: m["shapes"].update(Extra={"members": {}}), "shapes.Extra"),
    "a member is gone": (lambda m: m["shapes"]["MeshSpec"]["members"].pop("egressFilter"), "shapes.MeshSpec.egressFilter"),
    "a member too many": (
        lambda m: m["shapes"]["MeshSpec"]["members"].update(x={"type": "string"}),
        "shapes.MeshSpec.x",
    ),
    "another type": (
        lambda m: m["shapes"]["Duration"]["members"]["value"].update(type="integer"),
        "shapes.Duration.value.type",
    ),
    "another structure": (
        lambda m: m["shapes"]["RouteSpec"]["members"]["httpRoute"].update(shape="TcpRoute"),
        "shapes.RouteSpec.httpRoute.shape",
    ),
    "no longer required": (
        lambda m: m["shapes"]["PortMapping"]["members"]["port"].pop("required"),
        "shapes.PortMapping.port.required",
    ),
    "required now": (
        lambda m: m["shapes"]["Duration"]["members"]["unit"].update(required=True),
        "shapes.Duration.unit.required",
    ),
    "another range": (lambda m: m["shapes"]["PortMapping"]["members"]["port"].update(max=65536), "shapes.PortMapping.port.max"),
    "a minimum of 0 is gone": (lambda m: m["shapes"]["Duration"]["members"]["value"].pop("min"), "shapes.Duration.value.min"),
    "another length": (lambda m: m["shapes"]["TagRef"]["members"]["value"].update(max=255), "shapes.TagRef.value.max"),
    "another number of items": (
        lambda m: m["shapes"]["HttpRouteAction"]["members"]["weightedTargets"].update(max=11),
        "shapes.HttpRouteAction.weightedTargets.max",
    ),
    "other items": (
        lambda m: m["shapes"]["UntagResourceInput"]["members"]["tagKeys"]["member"].update(max=127),
        "shapes.UntagResourceInput.tagKeys.member.max",
    ),
    "another pattern": (
        lambda m: m["shapes"]["AwsCloudMapInstanceAttribute"]["members"]["key"].update(pattern="^.*$"),
        "shapes.AwsCloudMapInstanceAttribute.key.pattern",
    ),
    "an enum value is gone": (
        lambda m: m["shapes"]["PortMapping"]["members"]["protocol"]["enum"].pop(),
        "shapes.PortMapping.protocol.enum",
    ),
    "no union": (lambda m: m["shapes"]["Backend"].pop("union"), "shapes.Backend.union"),
    "a union": (lambda m: m["shapes"]["RouteSpec"].update(union=True), "shapes.RouteSpec.union"),
    "another location": (
        lambda m: m["shapes"]["TagResourceInput"]["members"]["resourceArn"].pop("location"),
        "shapes.TagResourceInput.resourceArn.location",
    ),
    "no token": (
        lambda m: m["shapes"]["CreateMeshInput"]["members"]["clientToken"].pop("idempotencyToken"),
        "shapes.CreateMeshInput.clientToken.idempotencyToken",
    ),
    "no payload": (
        lambda m: m["shapes"]["CreateMeshOutput"]["members"]["mesh"].pop("payload"),
        "shapes.CreateMeshOutput.mesh.payload",
    ),
}


@pytest.mark.parametrize("name", MUTATIONS)
def test_a_changed_model_differs(ours, theirs, name):
    mutate, path = MUTATIONS[name]
    changed = copy.deepcopy(ours)
    mutate(changed)
    assert path in differences(changed, theirs)
    changed = copy.deepcopy(theirs)
    mutate(changed)
    assert path in differences(ours, changed)


def test_an_unknown_trait_fails():
    model = find_model()
    model["shapes"]["PortMapping"]["members"]["port"]["sensitive"] = True
    with pytest.raises(AssertionError, match="sensitive"):
        read_theirs(model)
