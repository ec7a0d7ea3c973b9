"""Who may do what: policies, groups, tags, shares, and what `policy simulate` says of them."""
import json
import random
import uuid

import botocore.exceptions
import pytest

from demo.mesh import ACCOUNT, REGION
from demo.signing import MESHES, call

OTHER = "111122223333"
SEED = 20190125
COMBINATIONS = 300
SPEC = {"listeners": [{"portMapping": {"port": 8080, "protocol": "http"}}],
        "serviceDiscovery": {"dns": {"hostname": "n.shop"}}}


def arn(path, account=ACCOUNT):
    return f"arn:aws:appmesh:{REGION}:{account}:mesh/{path}"


def statement(effect, actions, resources="*", **more):
    return {"Effect": effect, "Action": actions, "Resource": resources, **more}


def put_policy(world, name, *statements):
    file = world.directory / f"{name}.json"
    file.write_text(json.dumps({"Version": "2012-10-17", "Statement": list(statements)}), encoding="utf-8")
    world.control.command("policy", "put", "--account", ACCOUNT, "--name", name, "--file", str(file))
    return name


class User:
    """A user of its own, with a policy of its own."""

    def __init__(self, world, *statements):
        self.world = world
        self.name = f"user-{uuid.uuid4()}"
        self.whose = ["--account", ACCOUNT, "--user", self.name]
        self.key = world.make_key(self.name)
        self.client = world.connect(self.key)
        if statements:
            self.command("attach", put_policy(world, self.name, *statements))

    def command(self, verb, policy):
        return self.world.control.command("policy", verb, *self.whose, "--name", policy)

    def may(self, operation, **arguments):
        """Whether the call is allowed; None if it is refused for another reason."""
        try:
            getattr(self.client, operation)(**arguments)
        except botocore.exceptions.ClientError as error:
            return False if error.response["Error"]["Code"] == "AccessDeniedException" else None
        return True

    def refusal(self, operation, **arguments):
        with pytest.raises(botocore.exceptions.ClientError) as caught:
            getattr(self.client, operation)(**arguments)
        assert caught.value.response["Error"]["Code"] == "AccessDeniedException"
        assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403
        return caught.value.response["Error"]["Message"]


@pytest.fixture
def shop(module_world):
    """A mesh of its own with a node and a router."""
    name = f"shop-{uuid.uuid4()}"
    client = module_world.client
    client.create_mesh(meshName=name)
    client.create_virtual_node(meshName=name, virtualNodeName="node", spec=SPEC)
    client.create_virtual_router(meshName=name, virtualRouterName="router", spec={"listeners": SPEC["listeners"]})
    return name


def test_nobody_may_do_anything_by_default(module_world, shop):
    user = User(module_world)
    assert user.refusal("list_meshes") == (
        f"User: arn:aws:iam::{ACCOUNT}:user/{user.name} is not authorized to perform: appmesh:ListMeshes on resource: * "
        "because no identity-based policy allows the appmesh:ListMeshes action")
    assert arn(shop) in user.refusal("describe_mesh", meshName=shop)
    # Nor does it learn what is there.
    assert user.may("describe_mesh", meshName="absent") is False
    assert user.may("create_mesh", meshName="mine") is False
    assert user.may("delete_virtual_node", meshName=shop, virtualNodeName="node") is False


@pytest.mark.parametrize("policy, lists, creates", [
    ("AWSAppMeshFullAccess", True, True), ("AWSAppMeshReadOnly", True, False), ("AWSAppMeshEnvoyAccess", False, False)])
def test_a_managed_policy_holds_from_attach_to_detach(module_world, policy, lists, creates):
    user, name = User(module_world), f"made-{uuid.uuid4()}"
    user.command("attach", policy)
    assert (user.may("list_meshes"), user.may("create_mesh", meshName=name)) == (lists, creates)
    user.command("detach", policy)
    assert user.may("list_meshes") is False


def test_a_group_and_an_account_have_policies_too(module_world):
    user, command = User(module_world), module_world.control.command
    group = ["--account", ACCOUNT, "--group", f"group-{uuid.uuid4()}"]
    command("policy", "attach", *group, "--name", "AWSAppMeshReadOnly")
    command("group", "add", *group, "--user", user.name)
    assert user.may("list_meshes")
    command("group", "remove", *group, "--user", user.name)
    assert user.may("list_meshes") is False
    command("policy", "attach", "--account", ACCOUNT, "--name", "AWSAppMeshReadOnly")
    assert user.may("list_meshes")
    command("policy", "detach", "--account", ACCOUNT, "--name", "AWSAppMeshReadOnly")
    assert user.may("list_meshes") is False


def test_an_explicit_deny_wins(module_world, shop):
    user = User(module_world, statement("Allow", "appmesh:*"),
                statement("Deny", "appmesh:Describe*", arn(f"{shop}/virtualNode/*")))
    assert user.may("describe_mesh", meshName=shop)
    message = user.refusal("describe_virtual_node", meshName=shop, virtualNodeName="node")
    assert message.endswith("with an explicit deny in an identity-based policy")


def test_a_policy_that_is_put_again_holds_at_once(module_world):
    user = User(module_world, statement("Allow", "appmesh:ListMeshes"))
    assert user.may("list_meshes")
    put_policy(module_world, user.name, statement("Allow", "appmesh:DescribeMesh"))
    assert user.may("list_meshes") is False


def test_what_a_spec_refers_to_needs_permission_too(module_world, shop):
    own = [statement("Allow", "appmesh:CreateRoute", arn(f"{shop}/virtualRouter/router/route/*"))]
    route = {"meshName": shop, "virtualRouterName": "router", "routeName": "r", "spec": {"httpRoute": {
        "match": {"prefix": "/"}, "action": {"weightedTargets": [{"virtualNode": "node", "weight": 1}]}}}}
    user = User(module_world, *own)
    assert arn(f"{shop}/virtualNode/node") in user.refusal("create_route", **route)
    put_policy(module_world, user.name, *own, statement("Allow", "appmesh:CreateRoute", arn(f"{shop}/virtualNode/node")))
    assert user.may("create_route", **route)


@pytest.mark.parametrize("spelling", ["aws:ResourceTag/team", "appmesh:ResourceTag/team"])
def test_tags_of_a_resource_decide(module_world, shop, spelling):
    user = User(module_world, statement("Allow", "appmesh:DescribeMesh", Condition={"StringEquals": {spelling: "web"}}))
    assert user.may("describe_mesh", meshName=shop) is False
    module_world.client.tag_resource(resourceArn=arn(shop), tags=[{"key": "team", "value": "web"}])
    assert user.may("describe_mesh", meshName=shop)
    module_world.client.tag_resource(resourceArn=arn(shop), tags=[{"key": "team", "value": "search"}])
    assert user.may("describe_mesh", meshName=shop) is False


def test_tags_of_a_request_decide(module_world):
    user = User(module_world, statement("Allow", "appmesh:CreateMesh", Condition={
        "StringEquals": {"aws:RequestTag/team": "web"}, "ForAllValues:StringEquals": {"aws:TagKeys": ["team"]}}))

    def may(**tags):
        return user.may("create_mesh", meshName=f"tagged-{uuid.uuid4()}",
                        tags=[{"key": key, "value": value} for key, value in tags.items()])

    assert (may(team="web"), may(team="search"), may(), may(team="web", cost="1")) == (True, False, False, False)


def test_a_user_may_sign_for_its_address_alone(module_world):
    here = {"IpAddress": {"aws:SourceIp": "127.0.0.0/8"}}
    there = {"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}
    assert User(module_world, statement("Allow", "appmesh:*", Condition=here)).may("list_meshes")
    assert User(module_world, statement("Allow", "appmesh:*", Condition=there)).may("list_meshes") is False


def test_a_policy_that_is_none_is_refused_with_its_path(module_world):
    with pytest.raises(RuntimeError, match="Effect"):
        put_policy(module_world, "broken", statement("Maybe", "appmesh:*"))


def test_a_mesh_that_two_accounts_share(module_world, shop):
    world, command = module_world, module_world.control.command
    theirs = world.connect(world.make_key(f"consumer-{uuid.uuid4()}", "AWSAppMeshFullAccess", account=OTHER))
    share = ["--account", ACCOUNT, "--mesh", shop, "--with", OTHER]
    named = {"meshName": shop, "meshOwner": ACCOUNT}
    with pytest.raises(theirs.exceptions.NotFoundException):
        theirs.describe_mesh(**named)
    assert command("share", "create", *share)["Txn"] > 0
    assert command("share", "list", *share[:4]) == {"SharedWith": [OTHER]}
    assert theirs.describe_mesh(**named)["mesh"]["metadata"]["meshOwner"] == ACCOUNT
    assert shop in [found["meshName"] for found in theirs.list_meshes()["meshes"]]
    made = theirs.create_virtual_node(**named, virtualNodeName="theirs", spec=SPEC)["virtualNode"]["metadata"]
    assert (made["meshOwner"], made["resourceOwner"]) == (ACCOUNT, OTHER)
    assert world.client.describe_virtual_node(meshName=shop, virtualNodeName="theirs")["virtualNode"]["spec"] == SPEC | {
        "backends": []}
    with pytest.raises(theirs.exceptions.ForbiddenException):
        theirs.delete_virtual_node(**named, virtualNodeName="node")
    with pytest.raises(world.client.exceptions.ForbiddenException):
        world.client.update_virtual_node(meshName=shop, virtualNodeName="theirs", spec=SPEC)
    command("share", "delete", *share)
    with pytest.raises(theirs.exceptions.NotFoundException):
        theirs.describe_virtual_node(**named, virtualNodeName="theirs")
    world.client.delete_virtual_node(meshName=shop, virtualNodeName="theirs")


# ---- What `policy simulate` says, against what the server does --------------------------------------

ACTIONS = ["DescribeMesh", "UpdateMesh", "ListVirtualNodes", "DescribeVirtualNode", "UpdateVirtualNode", "TagResource"]
PATTERNS = ["*", "Describe*", "*VirtualNode", "Update*", "?????*Mesh", "List*", "TagResource", *ACTIONS]
TEAMS = ["web", "search", ""]


class Simulated:
    """Two meshes with a node each, whose tags change, and one user whose policy is another each time."""

    def __init__(self, world):
        self.world = world
        self.random = random.Random(SEED)
        self.user = User(world, statement("Deny", "*"))
        self.tags = {}
        for mesh in ("sim-a", "sim-b"):
            world.client.create_mesh(meshName=mesh)
            world.client.create_virtual_node(meshName=mesh, virtualNodeName="node", spec=SPEC)
            self.tags |= {mesh: {}, f"{mesh}/virtualNode/node": {}}

    def condition(self):
        team, spelled = self.random.choice(TEAMS), self.random.choice(["aws", "appmesh"])
        return self.random.choice([
            {"StringEquals": {f"{spelled}:ResourceTag/team": team}},
            {"StringNotEquals": {f"{spelled}:ResourceTag/team": team}},
            {"StringLikeIfExists": {f"{spelled}:ResourceTag/team": "s*"}},
            {"Null": {f"{spelled}:ResourceTag/team": self.random.choice(["true", "false"])}},
            {"StringEquals": {"aws:RequestTag/team": team}},
            {"ForAnyValue:StringEquals": {"aws:TagKeys": ["team"]}},
            {"StringEquals": {"aws:username": self.user.name}},
        ])

    def statement(self):
        pick = self.random.choice
        resources = ["*", arn("*"), arn("sim-a"), arn("sim-b*"), arn("sim-?/virtualNode/node"), arn("*/virtualNode/*")]
        made = {"Effect": pick(["Allow", "Allow", "Deny"]),
                pick(["Action", "Action", "NotAction"]): [f"appmesh:{pick(PATTERNS)}" for _ in range(pick([1, 2]))],
                pick(["Resource", "Resource", "NotResource"]): pick(resources[1:])}
        if "Resource" in made:
            made["Resource"] = pick(resources)
        return made | ({"Condition": self.condition()} if self.random.random() < 0.5 else {})

    def request(self):
        """(action, resource, tags that it brings, the call)."""
        action, mesh = self.random.choice(ACTIONS), self.random.choice(["sim-a", "sim-b"])
        node, tags = f"{mesh}/virtualNode/node", {}
        if action == "TagResource":
            resource = self.random.choice([mesh, node])
            tags = {self.random.choice(["team", "cost"]): self.random.choice(TEAMS)}
            sent = {"tags": [{"key": key, "value": value} for key, value in tags.items()]}
            # A slash and a colon of the ARN are percent-encoded in a query, as SDKs send them.
            encoded = arn(resource).replace(":", "%3A").replace("/", "%2F")
            return action, resource, tags, ("PUT", f"/v20190125/tag?resourceArn={encoded}", sent)
        resource = node if action in ("DescribeVirtualNode", "UpdateVirtualNode") else mesh
        target = f"{MESHES}/{mesh}" + ("/virtualNodes" if "VirtualNode" in action else "")
        target += "/node" if resource == node else ""
        body = {"UpdateMesh": {"spec": {}}, "UpdateVirtualNode": {"spec": SPEC}}.get(action)
        if body:  # or an equal one within the second would be a replay
            body["clientToken"] = str(uuid.uuid4())
        return action, resource, tags, ("PUT" if body else "GET", target, body)

    def predicted(self, action, resource, tags):
        pairs = [f"aws:ResourceTag/{key}={value}" for key, value in self.tags[resource].items()]
        pairs += [f"aws:RequestTag/{key}={value}" for key, value in tags.items()]
        pairs += [f"aws:TagKeys={key}" for key in tags]
        context = [word for pair in pairs for word in ("--context", pair)]
        said = self.world.control.command("policy", "simulate", *self.user.whose, "--action", f"appmesh:{action}",
                                          "--resource", arn(resource), *context)
        return said["EvalDecision"]

    def done(self, request):
        status, code, answer = call(self.world, self.user.key, *request)
        if code != "AccessDeniedException":
            assert status == 200, answer
            return "allowed"
        return "explicitDeny" if "explicit deny" in answer["message"] else "implicitDeny"


def test_simulate_says_what_the_server_does(module_world):
    simulated, seen = Simulated(module_world), {}
    for number in range(COMBINATIONS):
        if number % 3 == 0:
            statements = [simulated.statement() for _ in range(simulated.random.randint(1, 3))]
            put_policy(module_world, simulated.user.name, *statements)
        action, resource, tags, request = simulated.request()
        expected = simulated.predicted(action, resource, tags)
        found = simulated.done(request)
        assert found == expected, (SEED, number, action, resource, tags, simulated.tags[resource], statements)
        if found == "allowed":
            simulated.tags[resource] |= tags
        seen[found] = seen.get(found, 0) + 1
    assert min(seen.get(each, 0) for each in ("allowed", "implicitDeny", "explicitDeny")) >= 20, seen
