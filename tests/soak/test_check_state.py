"""The checker finds what it is for: one good state, and for each rule one that breaks it and no other."""
import copy

import check_state
import pytest

OWNER, CONSUMER = "111111111111", "222222222222"


def listener(port=80, protocol="http"):
    return {"portMapping": {"port": port, "protocol": protocol}}


def resource(viewer, kind, name, spec, parent="", creator=OWNER):
    uid = f"uid-{kind}-{name}"
    arn = f"{check_state.REGION}:{creator}:mesh/m" + ("" if viewer == OWNER else f"@{OWNER}")
    names = {"meshName": "m"}
    if parent:
        arn += f"/{check_state.PARENTS[kind]}/{parent}"
        names[f"{check_state.PARENTS[kind]}Name"] = parent
    if kind != "mesh":
        arn += f"/{kind}/{name}"
        names[f"{kind}Name"] = name
    seen = {"arn": arn, "meshOwner": OWNER, "resourceOwner": creator, "version": 1}
    shown = {"kind": kind, "parent": parent, "ref": {**names, **seen},
             "data": {**names, "metadata": {**seen, "uid": uid}, "spec": spec, "status": {"status": "ACTIVE"}}}
    return {**shown, "tags": []} if viewer == creator else shown


def route(port=None, target=80, match=None):
    weighted = {"virtualNode": "n", "weight": 1, **({} if target is None else {"port": target})}
    return {"httpRoute": {"match": match or ({} if port is None else {"port": port}),
                          "action": {"weightedTargets": [weighted]}}}


def gateway_route(port=None, target=80):
    to = {"virtualService": {"virtualServiceName": "s"}, **({} if target is None else {"port": target})}
    return {"httpRoute": {"match": {} if port is None else {"port": port}, "action": {"target": to}}}


def view(viewer):
    return [resource(viewer, "mesh", "m", {}),
            resource(viewer, "virtualNode", "n", {"listeners": [listener()], "backends": []}),
            resource(viewer, "virtualRouter", "r", {"listeners": [listener()]}),
            resource(viewer, "route", "t", route(), "r", CONSUMER),
            resource(viewer, "virtualService", "s", {"provider": {"virtualRouter": {"virtualRouterName": "r"}}}),
            resource(viewer, "virtualGateway", "g", {"listeners": [listener()]}),
            resource(viewer, "gatewayRoute", "w", gateway_route(), "g")]


def good():
    quotas = dict.fromkeys([*check_state.PER_MESH.values(), *check_state.PER_PARENT.values(), "meshes-per-account",
                            "backends-per-virtual-node", "weighted-targets-per-route"], 1)
    history = [[txn, f"create {one['kind']}", OWNER, OWNER, "m", "", one["data"]["metadata"]["uid"], 1]
               for txn, one in enumerate(view(OWNER), start=10)]
    history[3][2] = CONSUMER
    # After the mesh, before the consumer's route.
    history.append([12.5, "share", "admin", OWNER, "m", CONSUMER, None, 0])
    return {"accounts": [{"account": viewer, "meshes": [view(viewer)]} for viewer in (OWNER, CONSUMER)],
            "quotas": quotas, "shares": [{"owner": OWNER, "mesh": "m", "with": [CONSUMER]}],
            "history": history, "newest": 16}


class Broken:
    """A state to break: `each(kind)` is a resource in every view."""

    def __init__(self):
        self.raw = good()
        self.views = [account["meshes"][0] for account in self.raw["accounts"]]
        self.history = self.raw["history"]

    def each(self, kind):
        return [one for shown in self.views for one in shown if one["kind"] == kind]

    def spec(self, kind, spec):
        for one in self.each(kind):
            one["data"]["spec"] = copy.deepcopy(spec)

    def remove(self, kind, name):
        for shown in self.views:
            shown[:] = [one for one in shown if one["kind"] != kind]
        self.history.append([20, f"delete {kind}", OWNER, OWNER, "m", "", f"uid-{kind}-{name}", 1])
        self.raw["newest"] = 20

    def meta(self, kind, name, value):
        for one in self.each(kind):
            one["data"]["metadata"][name] = value
            if name in one["ref"]:
                one["ref"][name] = value

    def add(self, kind, name, spec):
        for viewer, shown in zip((OWNER, CONSUMER), self.views, strict=True):
            shown.append(resource(viewer, kind, name, spec))
        self.history.append([20, f"create {kind}", OWNER, OWNER, "m", "", f"uid-{kind}-{name}", 1])
        self.raw["newest"] = 20


TWO = [listener(80), listener(81)]


def failed(broken):
    broken.views[0][1]["data"] = {"failed": "{}"}


def no_parent(broken):
    broken.remove("virtualGateway", "g")


def no_target(broken):
    broken.remove("virtualNode", "n")


def no_provider(broken):
    broken.spec("virtualService", {"provider": {"virtualNode": {"virtualNodeName": "gone"}}})
    broken.spec("gatewayRoute", gateway_route(target=None))


def no_service(broken):
    broken.remove("virtualService", "s")
    broken.spec("gatewayRoute", gateway_route(target=None))


def named_twice(broken):
    broken.views[1].append(broken.views[1][1])


def uid_twice(broken):
    broken.add("virtualService", "other", {})
    broken.raw["quotas"]["virtual-services-per-mesh"] = 2
    for shown in broken.views:
        shown[-1]["data"]["metadata"]["uid"] = "uid-virtualService-s"
    del broken.history[-1]
    broken.raw["newest"] = 16


def version_zero(broken):
    broken.meta("virtualNode", "version", 0)


def deleted_is_shown(broken):
    for one in broken.each("virtualNode"):
        one["data"]["status"] = {"status": "DELETED"}


def arn_without_owner(broken):
    for place in (broken.views[1][1]["ref"], broken.views[1][1]["data"]["metadata"]):
        place["arn"] = place["arn"].replace(f"@{OWNER}", "")


def arn_of_the_mesh_owner(broken):
    for one in broken.each("route"):
        for place in (one["ref"], one["data"]["metadata"]):
            place["arn"] = place["arn"].replace(f":{CONSUMER}:", f":{OWNER}:")


def list_differs(broken):
    broken.views[0][1]["ref"]["version"] = 2


def unseen(broken):
    del broken.views[1][-1]


def seen_unshared(broken):
    broken.raw["shares"][0]["with"] = []
    broken.history.append([17, "unshare", "admin", OWNER, "m", CONSUMER, None, 0])
    broken.raw["newest"] = 17


def seen_otherwise(broken):
    broken.views[1][1]["data"]["spec"]["backends"] = [{}]


def too_many_nodes(broken):
    broken.add("virtualNode", "other", {})


def too_many_backends(broken):
    broken.spec("virtualNode", {"listeners": [listener()], "backends": [{}, {}]})


def too_many_targets(broken):
    spec = route()
    spec["httpRoute"]["action"]["weightedTargets"] *= 2
    broken.spec("route", spec)


def too_many_meshes(broken):
    broken.raw["quotas"]["meshes-per-account"] = 0


def too_many_routes(broken):
    broken.raw["quotas"]["routes-per-virtual-router"] = 0


def route_without_port(broken):
    broken.spec("virtualRouter", {"listeners": TWO})


def gateway_route_without_port(broken):
    broken.spec("virtualGateway", {"listeners": TWO})


def target_without_port(broken):
    broken.spec("virtualNode", {"listeners": TWO, "backends": []})
    broken.spec("route", route(target=None))


def provider_without_port(broken):
    broken.spec("virtualNode", {"listeners": TWO, "backends": []})
    broken.spec("virtualService", {"provider": {"virtualNode": {"virtualNodeName": "n"}}})
    broken.spec("gatewayRoute", gateway_route(target=None))


def foreign_match_port(broken):
    broken.spec("gatewayRoute", gateway_route(port=99))


def foreign_target_port(broken):
    broken.spec("route", route(target=99))


def foreign_provider_port(broken):
    broken.spec("gatewayRoute", gateway_route(target=99))


def port_twice(broken):
    broken.spec("virtualNode", {"listeners": [listener(), listener(80, "http2")], "backends": []})


def other_protocol(broken):
    broken.spec("virtualRouter", {"listeners": [listener(80, "tcp")]})


def other_protocol_by_port(broken):
    broken.spec("virtualRouter", {"listeners": [listener(80), listener(81, "grpc")]})
    broken.spec("route", route(port=81))


def too_many_tags(broken):
    broken.views[0][1]["tags"] = [{"key": f"k{i}", "value": ""} for i in range(51)]


def tag_twice(broken):
    broken.views[0][1]["tags"] = [{"key": "k", "value": ""}] * 2


def consumers_gateway(broken):
    broken.meta("virtualGateway", "resourceOwner", CONSUMER)
    for one in broken.each("virtualGateway"):
        for place in (one["ref"], one["data"]["metadata"]):
            place["arn"] = place["arn"].replace(f":{OWNER}:", f":{CONSUMER}:")


def change_without_share(broken):
    broken.history[-1][0] = 15.5


def share_outlives_its_mesh(broken):
    broken.history.append([12.6, "delete mesh", OWNER, OWNER, "m", "", None, None])
    broken.history.append([14.5, "share", "admin", OWNER, "m", CONSUMER, None, 0])


def share_is_forgotten(broken):
    broken.history.append([17, "share", "admin", OWNER, "m", "333333333333", None, 0])
    broken.raw["newest"] = 17


def strangers_update(broken):
    broken.history.append([17, "update virtualNode", CONSUMER, OWNER, "m", "", "uid-virtualNode-n", 2])
    broken.raw["newest"] = 17
    broken.meta("virtualNode", "version", 2)


def update_lost(broken):
    for txn in (17, 18):
        broken.history.append([txn, "update virtualNode", OWNER, OWNER, "m", "", "uid-virtualNode-n", 2])
    broken.raw["newest"] = 18
    broken.meta("virtualNode", "version", 2)


def deleted_but_there(broken):
    broken.history.append([17, "delete virtualGateway", OWNER, OWNER, "m", "", "uid-virtualGateway-g", 1])
    broken.raw["newest"] = 17


def transaction_twice(broken):
    broken.history.append([16, "set quota", "admin", "", "", OWNER, None, 3])


def transaction_missing(broken):
    broken.raw["newest"] = 17


CASES = {
    "everything_was_answered": [failed],
    "parents_exist": [no_parent],
    "references_exist": [no_target, no_provider, no_service],
    "names_are_unique": [named_twice],
    "uids_are_unique": [uid_twice],
    "versions_begin_at_one": [version_zero],
    "all_are_active": [deleted_is_shown],
    "arns_are_right": [arn_without_owner, arn_of_the_mesh_owner],
    "refs_equal_data": [list_differs],
    "accounts_see_the_same": [unseen, seen_unshared, seen_otherwise],
    "quotas_hold": [too_many_nodes, too_many_backends, too_many_targets, too_many_meshes, too_many_routes],
    "rule_12_route_ports": [route_without_port],
    "rule_13_gateway_route_ports": [gateway_route_without_port],
    "rule_13_target_ports": [target_without_port, provider_without_port],
    "rule_14_match_ports": [foreign_match_port],
    "rule_14_target_ports": [foreign_target_port, foreign_provider_port],
    "rule_15_ports_once": [port_twice],
    "rule_16_protocols": [other_protocol, other_protocol_by_port],
    "tags_are_bounded": [too_many_tags, tag_twice],
    "gateways_are_the_owners": [consumers_gateway],
    "consumers_had_the_mesh": [change_without_share, share_outlives_its_mesh, share_is_forgotten],
    "only_creators_update": [strangers_update],
    "no_update_is_lost": [update_lost, deleted_but_there],
    "transactions_are_used_once": [transaction_twice, transaction_missing],
}
# What breaks one rule and cannot but break these.
ALONG = {"version_zero": {"no_update_is_lost"}, "uid_twice": {"no_update_is_lost"}}


def test_a_good_state_passes():
    assert check_state.check(good()) == {}


def test_a_tag_call_without_effect_is_no_second_change():
    raw = good()
    raw["history"].append([raw["history"][1][0], "tag", OWNER, OWNER, "m", "", None, None])
    assert check_state.check(raw) == {}


def test_a_replayed_token_is_no_second_change():
    raw = good()
    raw["history"].append(list(raw["history"][1]))
    assert check_state.check(raw) == {}


def test_every_rule_has_a_case():
    assert set(CASES) == {rule.__name__ for rule in check_state.RULES}


@pytest.mark.parametrize(("rule", "spoil"), [(rule, spoil) for rule, spoils in CASES.items() for spoil in spoils],
                         ids=lambda value: value if isinstance(value, str) else value.__name__)
def test_a_broken_state_is_found(rule, spoil):
    broken = Broken()
    spoil(broken)
    found = check_state.check(broken.raw)
    assert rule in found
    assert set(found) - {rule} <= ALONG.get(spoil.__name__, set()), found
