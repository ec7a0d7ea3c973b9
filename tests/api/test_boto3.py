"""Every operation of the App Mesh API through boto3, and the AWS CLI once (contract/api.md)."""
import json
import os
import subprocess
import uuid

import botocore.exceptions
import pytest

from demo import mesh
from demo.world import ROOT

DNS = {"dns": {"hostname": "n.shop"}}


def port(number=8080, protocol="http"):
    return {"portMapping": {"port": number, "protocol": protocol}}


NODE = {"listeners": [port()], "serviceDiscovery": DNS}
WEIGHTS = {"weightedTargets": [{"virtualNode": "node", "weight": 1}]}
TARGET = {"target": {"virtualService": {"virtualServiceName": "service.shop"}}}

# In the order of creation; each: kind, name, its parent's member, spec, another spec.
KINDS = [
    ("mesh", "shop", None, {"egressFilter": {"type": "DROP_ALL"}}, {"egressFilter": {"type": "ALLOW_ALL"}}),
    ("virtual_node", "node", None, {**NODE, "backends": []},
     {**NODE, "backends": [{"virtualService": {"virtualServiceName": "dangling.shop"}}],
      "logging": {"accessLog": {"file": {"path": "/dev/stdout"}}}}),
    ("virtual_router", "router", None, {"listeners": [port()]}, {"listeners": [port(8081)]}),
    ("route", "route", "virtual_router", {"priority": 0, "httpRoute": {"match": {"prefix": "/"}, "action": WEIGHTS}},
     {"httpRoute": {"match": {"prefix": "/", "headers": [{"name": "x", "invert": False}]}, "action": WEIGHTS,
                    "timeout": {"perRequest": {"unit": "s", "value": 0}},
                    "retryPolicy": {"maxRetries": 0, "perRetryTimeout": {"unit": "ms", "value": 100},
                                    "httpRetryEvents": ["server-error"]}}}),
    ("virtual_service", "service.shop", None, {"provider": {"virtualRouter": {"virtualRouterName": "router"}}},
     {"provider": {"virtualNode": {"virtualNodeName": "node"}}}),
    ("virtual_gateway", "gateway", None, {"listeners": [port()]},
     {"listeners": [port()], "logging": {"accessLog": {"file": {"path": "/dev/null"}}}}),
    ("gateway_route", "entry", "virtual_gateway", {"httpRoute": {"match": {"prefix": "/"}, "action": TARGET}},
     {"priority": 7, "httpRoute": {"match": {"prefix": "/shop"}, "action": TARGET}}),
]
KIND_NAMES = [kind for kind, *_ in KINDS]
PLURALS = {kind: f"{kind}s" for kind in KIND_NAMES} | {"mesh": "meshes"}
PARENT_NAMES = {"virtual_router": "router", "virtual_gateway": "gateway"}


def camel(name):
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)


class Kind:
    """The calls for one kind of resource."""

    def __init__(self, client, kind, name, parent, *_):
        self.client, self.kind, self.name = client, kind, name
        self.member = camel(kind)
        self.name_member = f"{self.member}Name"
        self.above = {} if kind == "mesh" else {"meshName": "shop"}
        if parent:
            self.above[f"{camel(parent)}Name"] = PARENT_NAMES[parent]

    def _call(self, verb, name=None, **arguments):
        named = {self.name_member: name or self.name}
        return getattr(self.client, f"{verb}_{self.kind}")(**self.above, **named, **arguments)

    def create(self, spec, name=None, **more):
        return self._call("create", name, spec=spec, **more)

    def describe(self, name=None):
        return self._call("describe", name)[self.member]

    def update(self, spec, **more):
        return self._call("update", spec=spec, **more)

    def delete(self, name=None):
        return self._call("delete", name)

    def list(self, **more):
        return getattr(self.client, f"list_{PLURALS[self.kind]}")(**self.above, **more)

    def pages(self, size):
        paginator = self.client.get_paginator(f"list_{PLURALS[self.kind]}")
        pages = paginator.paginate(**self.above, PaginationConfig={"PageSize": size})
        return [page[camel(PLURALS[self.kind])] for page in pages]


@pytest.fixture
def kinds(world):
    """All kinds with one resource each, made in order."""
    made = {}
    for row in KINDS:
        made[row[0]] = Kind(world.client, *row)
        made[row[0]].create(row[3])
    return made


def error_of(call, *arguments, **named):
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        call(*arguments, **named)
    response = caught.value.response
    assert response["ResponseMetadata"]["RequestId"]
    return response["ResponseMetadata"]["HTTPStatusCode"], response["Error"]["Code"]


@pytest.mark.parametrize("row", KINDS, ids=KIND_NAMES)
def test_create_describe_update(world, row):
    made = {}
    for earlier in KINDS[:KINDS.index(row) + 1]:
        made = Kind(world.client, *earlier)
        created = made.create(earlier[3])
    kind, name, _, spec, other = row
    data = created[made.member]
    metadata = data["metadata"]
    assert data["spec"] == spec and data[made.name_member] == name
    assert data["status"] == {"status": "ACTIVE"}
    assert metadata["version"] == 1 and metadata["createdAt"] == metadata["lastUpdatedAt"]
    assert metadata["meshOwner"] == metadata["resourceOwner"] and len(metadata["meshOwner"]) == 12
    assert uuid.UUID(metadata["uid"])
    assert metadata["arn"].startswith(f"arn:aws:appmesh:us-east-1:{metadata['resourceOwner']}:mesh/shop")
    assert metadata["arn"].endswith(name)
    assert made.describe() == data
    if kind == "virtual_router":  # its listener may change while it has no route
        assert made.list()["virtualRouters"][0]["virtualRouterName"] == name
    updated = made.update(other)
    after = updated[made.member]
    assert after["spec"] == other == made.describe()["spec"]
    assert after["metadata"]["version"] == 2 and after["metadata"]["uid"] == metadata["uid"]
    assert after["metadata"]["createdAt"] == metadata["createdAt"]
    assert mesh.transaction_of(updated) > mesh.transaction_of(created)


def test_delete_in_order_and_what_blocks_it(kinds):
    # What each blocks, until it is gone.
    for blocked in ("mesh", "virtual_node", "virtual_router", "virtual_service", "virtual_gateway"):
        assert error_of(kinds[blocked].delete) == (409, "ResourceInUseException"), blocked
    order = ["gateway_route", "virtual_gateway", "virtual_service", "route", "virtual_router", "virtual_node", "mesh"]
    for kind in order:
        deleted = kinds[kind].delete()[kinds[kind].member]
        assert deleted["status"]["status"] == "DELETED" and deleted["spec"]
        assert error_of(kinds[kind].describe) == (404, "NotFoundException")
        assert error_of(kinds[kind].delete) == (404, "NotFoundException")


def test_delete_and_create_again_is_another_resource(kinds):
    route = kinds["route"]
    before = route.describe()["metadata"]
    route.delete()
    after = route.create(KINDS[3][3])["route"]["metadata"]
    assert after["version"] == 1 and after["uid"] != before["uid"]


@pytest.mark.parametrize("row", KINDS, ids=KIND_NAMES)
def test_a_second_create_conflicts(kinds, row):
    assert error_of(kinds[row[0]].create, row[3]) == (409, "ConflictException")


@pytest.mark.parametrize("row", KINDS, ids=KIND_NAMES)
def test_what_is_not_there_is_not_found(kinds, row):
    kind = kinds[row[0]]
    assert error_of(kind.describe, "absent") == (404, "NotFoundException")
    if kind.above:
        kind.above = {**kind.above, "meshName": "absent"}
        assert error_of(kind.create, row[3], "x") == (404, "NotFoundException")
        assert error_of(kind.list) == (404, "NotFoundException")


def test_client_tokens(kinds):
    node, token = kinds["virtual_node"], str(uuid.uuid4())
    first = node.create(NODE, "again", clientToken=token)
    second = node.create(NODE, "again", clientToken=token)
    assert second["virtualNode"] == first["virtualNode"]
    assert mesh.transaction_of(second) == mesh.transaction_of(first)
    assert error_of(node.create, {**NODE, "backends": []}, "again", clientToken=token) == (409, "ConflictException")
    update = str(uuid.uuid4())
    once = node.update(KINDS[1][4], clientToken=update)["virtualNode"]["metadata"]["version"]
    assert node.update(KINDS[1][4], clientToken=update)["virtualNode"]["metadata"]["version"] == once


@pytest.mark.parametrize("row", KINDS, ids=KIND_NAMES)
def test_lists_are_paged(kinds, row):
    kind, spec = kinds[row[0]], row[3]
    names = {row[1]} | {f"more-{number}" for number in range(7)}
    for name in sorted(names - {row[1]}):
        kind.create(spec, name)
    pages = kind.pages(3)
    assert [len(page) for page in pages] == [3, 3, 2]
    listed = [entry for page in pages for entry in page]
    assert {entry[kind.name_member] for entry in listed} == names
    whole = kind.list()
    assert whole[camel(PLURALS[row[0]])] == listed and "nextToken" not in whole
    described = kind.describe()["metadata"]
    own = next(entry for entry in listed if entry[kind.name_member] == row[1])
    assert own["arn"] == described["arn"] and own["version"] == described["version"]
    assert "spec" not in own
    assert error_of(kind.list, nextToken="nonsense") == (400, "BadRequestException")


@pytest.mark.parametrize("kind", KIND_NAMES)
def test_tags(kinds, world, kind):
    client, arn = world.client, kinds[kind].describe()["metadata"]["arn"]

    def tags():
        return {tag["key"]: tag["value"] for tag in client.list_tags_for_resource(resourceArn=arn)["tags"]}

    assert tags() == {}
    client.tag_resource(resourceArn=arn, tags=[{"key": "team", "value": "search"}, {"key": "empty", "value": ""}])
    assert tags() == {"team": "search", "empty": ""}
    client.tag_resource(resourceArn=arn, tags=[{"key": "team", "value": "web"}])
    assert tags() == {"team": "web", "empty": ""}
    client.untag_resource(resourceArn=arn, tagKeys=["empty", "never"])
    assert tags() == {"team": "web"}
    many = [{"key": f"k{number}", "value": "v"} for number in range(50)]
    assert error_of(client.tag_resource, resourceArn=arn, tags=many) == (400, "TooManyTagsException")
    assert tags() == {"team": "web"}


def test_tags_of_a_create_and_their_pages(kinds, world):
    tags = [{"key": f"k{number:02}", "value": str(number)} for number in range(50)]
    made = kinds["virtual_node"].create(NODE, "tagged", tags=tags)["virtualNode"]
    arn = made["metadata"]["arn"]
    paginator = world.client.get_paginator("list_tags_for_resource")
    pages = list(paginator.paginate(resourceArn=arn, PaginationConfig={"PageSize": 20}))
    assert [len(page["tags"]) for page in pages] == [20, 20, 10]
    assert sorted(tag["key"] for page in pages for tag in page["tags"]) == [tag["key"] for tag in tags]
    absent = arn.replace("tagged", "other")
    assert error_of(world.client.list_tags_for_resource, resourceArn=absent) == (404, "NotFoundException")
    assert error_of(world.client.list_tags_for_resource, resourceArn="nonsense") == (400, "BadRequestException")


def test_modelled_exceptions_are_raised_by_name(world):
    client = world.client
    with pytest.raises(client.exceptions.NotFoundException):
        client.describe_mesh(meshName="absent")
    client.create_mesh(meshName="once")
    with pytest.raises(client.exceptions.ConflictException):
        client.create_mesh(meshName="once")


def test_what_was_not_sent_is_not_echoed(world):
    assert world.client.create_mesh(meshName="bare")["mesh"]["spec"] == {}
    world.client.create_virtual_node(meshName="bare", virtualNodeName="empty", spec={})
    node = world.client.describe_virtual_node(meshName="bare", virtualNodeName="empty")["virtualNode"]
    assert node["spec"] == {"backends": []}


def test_the_aws_cli(world):
    def aws(*arguments):
        done = subprocess.run(
            [ROOT / "build/env/client/bin/aws", "appmesh", *arguments, "--endpoint-url", world.control.endpoint_url],
            env={"PATH": os.environ["PATH"], "HOME": str(world.directory), "AWS_ACCESS_KEY_ID": world.key["AccessKeyId"],
                 "AWS_SECRET_ACCESS_KEY": world.key["SecretAccessKey"], "AWS_DEFAULT_REGION": mesh.REGION, "AWS_PAGER": ""},
            capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    example = ROOT / "examples/watches"
    for path in sorted(example.glob("*.json")):
        operation = next(name for name in ("create-mesh", "create-virtual-node", "create-virtual-router",
                                           "create-virtual-service", "create-virtual-gateway", "create-gateway-route",
                                           "create-route") if name in path.name)
        aws(operation, "--cli-input-json", f"file://{path}")
    spec = json.dumps(mesh.split_spec(search=50, fastersearch=50))
    updated = aws("update-route", "--mesh-name", "watches", "--virtual-router-name", "search", "--route-name", "split",
                  "--spec", spec)
    assert updated["route"]["spec"] == json.loads(spec) and updated["route"]["metadata"]["version"] == 2
    listed = aws("list-virtual-nodes", "--mesh-name", "watches")["virtualNodes"]
    assert {node["virtualNodeName"] for node in listed} == {"search", "fastersearch", "website"}
