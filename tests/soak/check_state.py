"""Judges what `soak` prints by the rules of the API's contract (contract/api.md §3.1, §4.1-§4.6, §4.8), knowing nothing
of Chancery's code. Each rule is a function that yields what breaks it; `check` calls them all.

usage: check_state.py FILE"""
import collections
import json
import sys

REGION = "arn:aws:appmesh:us-west-2"
PARENTS = {"route": "virtualRouter", "gatewayRoute": "virtualGateway"}
# Kind: how it is written in an ARN.
SEGMENTS = {kind: kind for kind in ("virtualNode", "virtualRouter", "virtualService", "virtualGateway", "route",
                                    "gatewayRoute")}
PER_MESH = {"virtualNode": "virtual-nodes-per-mesh", "virtualRouter": "virtual-routers-per-mesh",
            "virtualService": "virtual-services-per-mesh", "virtualGateway": "virtual-gateways-per-mesh"}
PER_PARENT = {"route": "routes-per-virtual-router", "gatewayRoute": "gateway-routes-per-virtual-gateway"}
MAX_TAGS = 50
# The columns of a row of the history: `account` is with whom a mesh is shared.
Change = collections.namedtuple("Change", "txn what caller owner mesh account uid version")


class Resource:
    """A resource as one account, the viewer, is shown it."""

    def __init__(self, viewer, raw):
        self.viewer, self.raw = viewer, raw
        self.kind, self.parent = raw["kind"], raw["parent"]
        self.ref, self.data, self.tags = raw["ref"], raw.get("data", {}), raw.get("tags")
        self.metadata = self.data.get("metadata", {})
        self.spec = self.data.get("spec", {})
        self.name = self.data.get(f"{self.kind}Name")
        self.owner, self.creator = self.metadata.get("meshOwner"), self.metadata.get("resourceOwner")
        self.mesh = (self.owner, self.data.get("meshName"))
        self.uid, self.version = self.metadata.get("uid"), self.metadata.get("version")

    @property
    def key(self):
        return (*self.mesh, self.kind, self.parent, self.name)

    @property
    def parent_key(self):
        return (*self.mesh, PARENTS[self.kind], "", self.parent) if self.kind in PARENTS else (*self.mesh, "mesh", "",
                                                                                              self.mesh[1])

    def __str__(self):
        return "/".join(str(part) for part in self.key if part) + f" as {self.viewer} sees it"


class State:
    """The final state. `all` has each resource once, as the owner of its mesh sees it."""

    def __init__(self, raw):
        self.raw = raw
        self.views = [Resource(account["account"], resource) for account in raw["accounts"]
                      for mesh in account["meshes"] for resource in mesh]
        self.all = [view for view in self.views if view.viewer == view.owner]
        self.by_key = {resource.key: resource for resource in self.all}
        self.quotas = raw["quotas"]
        self.history = sorted((Change(*row) for row in raw["history"]), key=lambda change: change.txn)
        self.shares = {(row["owner"], row["mesh"]): set(row["with"]) for row in raw["shares"]}

    def near(self, resource, kind, name):
        """Another resource of its mesh, or None."""
        return self.by_key.get((*resource.mesh, kind, "", name))

    def of(self, *kinds):
        return [resource for resource in self.all if resource.kind in kinds]


# ---- What a resource names --------------------------------------------------------------------------------------


def listeners(resource):
    """{port: protocol}."""
    return {one["portMapping"]["port"]: one["portMapping"]["protocol"]
            for one in (resource.spec if resource else {}).get("listeners", [])}


def route_of(resource):
    """The protocol and the body of the one route in a spec."""
    (member, body), = ((name, body) for name, body in resource.spec.items() if name.endswith("Route"))
    return member.removesuffix("Route"), body


def targets(resource):
    """(kind, name, port) of each target of a route or a gateway route."""
    action = route_of(resource)[1]["action"]
    if resource.kind == "route":
        return [("virtualNode", one["virtualNode"], one.get("port")) for one in action["weightedTargets"]]
    target = action["target"]
    return [("virtualService", target["virtualService"]["virtualServiceName"], target.get("port"))]


def provider(service):
    """(kind, name) of a service's provider, or None."""
    given = (service.spec if service else {}).get("provider") or {}
    return next(((kind, body[f"{kind}Name"]) for kind, body in given.items()), None)


def references(resource):
    """(kind, name) of what must exist; a node's backends may dangle."""
    if resource.kind in PARENTS:
        return [(kind, name) for kind, name, _ in targets(resource)]
    if resource.kind == "virtualService" and provider(resource):
        return [provider(resource)]
    return []


def target_listeners(state, resource, kind, name):
    """The listeners that a target is reached at: its own, or its provider's."""
    found = state.near(resource, kind, name)
    if kind == "virtualService":
        given = provider(found)
        return listeners(state.near(resource, *given)) if given else {}
    return listeners(found)


# ---- Rules ------------------------------------------------------------------------------------------------------


def everything_was_answered(state):
    """The final state was told without an error."""
    for view in state.views:
        for part in (view.ref, view.data, view.tags):
            if isinstance(part, dict) and "failed" in part:
                yield f"{view}: {part['failed']}"
    for account in state.raw["accounts"]:
        if "failed" in account:
            yield f"{account['account']}: {account['failed']}"


def parents_exist(state):
    """§4.3: nothing is deleted under its children."""
    for resource in state.views:
        if resource.kind != "mesh" and resource.parent_key not in state.by_key:
            yield f"{resource}: no {resource.parent_key}"


def references_exist(state):
    """§4.2, §4.3: a provider and a target exist and are not deleted."""
    for resource in state.all:
        for kind, name in references(resource):
            if state.near(resource, kind, name) is None:
                yield f"{resource}: no {kind} {name}"


def names_are_unique(state):
    """§4.2: one of a name per kind and parent."""
    for viewer, key in repeated((view.viewer, view.key) for view in state.views):
        yield f"{key} twice for {viewer}"


def uids_are_unique(state):
    """§4.1: a uid is of one resource."""
    for uid in repeated(resource.uid for resource in state.all):
        yield f"uid {uid} twice"


def versions_begin_at_one(state):
    """§4.1."""
    for resource in state.views:
        if not isinstance(resource.version, int) or resource.version < 1:
            yield f"{resource}: version {resource.version}"


def all_are_active(state):
    """§4.1: what can be read is ACTIVE."""
    for resource in state.views:
        if resource.data.get("status") != {"status": "ACTIVE"}:
            yield f"{resource}: status {resource.data.get('status')}"


def arns_are_right(state):
    """§3.1: the account is the creator's; @owner where the viewer is not the mesh's owner."""
    for resource in state.views:
        mesh = resource.mesh[1] + ("" if resource.viewer == resource.owner else f"@{resource.owner}")
        parts = [f"mesh/{mesh}"]
        if resource.kind in PARENTS:
            parts.append(f"{PARENTS[resource.kind]}/{resource.parent}")
        if resource.kind != "mesh":
            parts.append(f"{SEGMENTS[resource.kind]}/{resource.name}")
        arn = f"{REGION}:{resource.creator}:{'/'.join(parts)}"
        for place in (resource.metadata, resource.ref):
            if place.get("arn") != arn:
                yield f"{resource}: {place.get('arn')} is not {arn}"


def refs_equal_data(state):
    """A list tells what a describe tells."""
    for resource in state.views:
        told = {**{name: value for name, value in resource.data.items() if name.endswith("Name")}, **resource.metadata}
        for name, value in resource.ref.items():
            if name in told and told[name] != value:
                yield f"{resource}: {name} {value} in the list, {told[name]} described"


def accounts_see_the_same(state):
    """§4.4: a consumer sees everything in the mesh, as it is; nobody else sees it."""
    expected = {(viewer, resource.key) for resource in state.all
                for viewer in {resource.owner} | state.shares.get(resource.mesh, set())}
    seen = {(view.viewer, view.key) for view in state.views}
    for viewer, key in expected ^ seen:
        yield f"{key}: {'not ' if (viewer, key) in expected else ''}seen by {viewer}"
    for view in state.views:
        own = state.by_key.get(view.key)
        if own and (view.uid, view.version, view.spec) != (own.uid, own.version, own.spec):
            yield f"{view}: differs from what the owner sees"


def quotas_hold(state):
    """§4.8, whoever created."""
    counts = collections.Counter()
    for resource in state.all:
        if resource.kind == "mesh":
            counts["meshes-per-account", resource.owner] += 1
        elif resource.kind in PARENTS:
            counts[PER_PARENT[resource.kind], resource.parent_key] += 1
        else:
            counts[PER_MESH[resource.kind], resource.mesh] += 1
    for resource in state.of("virtualNode"):
        counts["backends-per-virtual-node", resource.key] = len(resource.spec.get("backends", []))
    for resource in state.of("route"):
        counts["weighted-targets-per-route", resource.key] = len(targets(resource))
    for (quota, place), count in counts.items():
        if count > state.quotas[quota]:
            yield f"{count} {quota} in {place}, {state.quotas[quota]} allowed"


def rule_12_route_ports(state):
    """Several listeners on a router: each route has match.port."""
    yield from needs_match_port(state, "route")


def rule_13_gateway_route_ports(state):
    """Several listeners on a gateway: each gateway route has match.port."""
    yield from needs_match_port(state, "gatewayRoute")


def needs_match_port(state, kind):
    for resource in state.of(kind):
        parent = state.by_key.get(resource.parent_key)
        if len(listeners(parent)) > 1 and "port" not in route_of(resource)[1].get("match", {}):
            yield f"{resource}: no match.port, {parent} has several listeners"


def rule_13_target_ports(state):
    """Several listeners on a target, or on the provider of a service: the target has a port."""
    for resource in state.of("route", "gatewayRoute"):
        for kind, name, port in targets(resource):
            if port is None and len(target_listeners(state, resource, kind, name)) > 1:
                yield f"{resource}: no port for {kind} {name}, which has several listeners"


def rule_14_match_ports(state):
    """A match.port is a listener's of the parent. Who listens nowhere is not judged: the contract is silent."""
    for resource in state.of("route", "gatewayRoute"):
        port = route_of(resource)[1].get("match", {}).get("port")
        known = listeners(state.by_key.get(resource.parent_key))
        if port is not None and known and port not in known:
            yield f"{resource}: match.port {port} is none of {sorted(known)}"


def rule_14_target_ports(state):
    """A target's port is a listener's of the target, or of the service's provider."""
    for resource in state.of("route", "gatewayRoute"):
        for kind, name, port in targets(resource):
            known = target_listeners(state, resource, kind, name)
            if port is not None and known and port not in known:
                yield f"{resource}: port {port} of {kind} {name} is none of {sorted(known)}"


def rule_15_ports_once(state):
    """A port is in one listener of a list."""
    for resource in state.all:
        for port in repeated(one["portMapping"]["port"] for one in resource.spec.get("listeners", [])):
            yield f"{resource}: port {port} twice"


def rule_16_protocols(state):
    """A route's type is the protocol of the router's listener on match.port, or of its only one."""
    for resource in state.of("route"):
        protocol, body = route_of(resource)
        known = listeners(state.by_key.get(resource.parent_key))
        port = body.get("match", {}).get("port", next(iter(known)) if len(known) == 1 else None)
        if port in known and known[port] != protocol:
            yield f"{resource}: {protocol} on a listener of {known[port]}"


def tags_are_bounded(state):
    """§4.5: 50 at most, each key once."""
    for resource in state.views:
        keys = [tag["key"] for tag in resource.tags or []]
        if len(keys) > MAX_TAGS or len(set(keys)) != len(keys):
            yield f"{resource}: {len(keys)} tags, {len(set(keys))} keys"


def gateways_are_the_owners(state):
    """§4.4: only the mesh's owner creates meshes, gateways and gateway routes."""
    for resource in state.of("mesh", "virtualGateway", "gatewayRoute"):
        if resource.creator != resource.owner:
            yield f"{resource}: created by {resource.creator}"


def consumers_had_the_mesh(state):
    """§4.4: whoever changed something in another's mesh had it shared at that transaction."""
    shared = set()
    for change in state.history:
        mesh = (change.owner, change.mesh)
        if change.what == "share":
            shared.add((mesh, change.account))
        elif change.what == "unshare":
            shared.discard((mesh, change.account))
        elif change.what == "delete mesh":
            shared = {one for one in shared if one[0] != mesh}
        elif change.what != "set quota" and change.caller != change.owner and (mesh, change.caller) not in shared:
            yield f"{change.caller} may not {change.what} in {mesh} at {change.txn}"
    told = {(mesh, account) for mesh, accounts in state.shares.items() for account in accounts}
    for mesh, account in shared ^ told:
        yield f"{mesh} with {account}: {'not ' if (mesh, account) in shared else ''}shared in the end"


def only_creators_update(state):
    """§4.4: only who created changes; who created or owns the mesh deletes."""
    creators = {change.uid: change.caller for change in state.history if change.what.startswith("create ")}
    for change in state.history:
        if change.uid is None or change.uid not in creators:
            continue
        allowed = {creators[change.uid]} | ({change.owner} if change.what.startswith("delete ") else set())
        if change.caller not in allowed:
            yield f"{change.caller} {change.what} of {creators[change.uid]} at {change.txn}"


def no_update_is_lost(state):
    """§4.1: the accepted changes of a resource have the versions 1, 2, 3 ... in the order of their transactions, and
    the last is what is read. A replay of a token repeats its first answer, transaction and all (§3.6)."""
    of_uid = collections.defaultdict(dict)
    gone = set()
    for change in state.history:
        if change.uid is None:
            continue
        if change.what.startswith("delete "):
            gone.add(change.uid)
        elif of_uid[change.uid].setdefault(change.txn, change.version) != change.version:
            yield f"{change.uid}: two versions at {change.txn}"
    for uid, versions in of_uid.items():
        if list(versions.values()) != list(range(1, len(versions) + 1)):
            yield f"{uid}: versions {list(versions.values())}"
    final = {resource.uid: resource.version for resource in state.all}
    expected = {uid: len(versions) for uid, versions in of_uid.items() if uid not in gone}
    if final != expected:
        yield f"in the end {sorted(final.items() ^ expected.items())}"


def transactions_are_used_once(state):
    """A transaction is one change; a replayed token's answers repeat it, and tag calls that found nothing to change."""
    seen = {}
    for change in state.history:
        if change.what in ("tag", "untag"):
            seen.setdefault(change.txn, None)
            continue
        same = (change.what, change.owner, change.mesh, change.account, change.uid)
        if (seen.get(change.txn) or same) != same:
            yield f"transaction {change.txn} is both {seen[change.txn]} and {same}"
        seen[change.txn] = same
    if seen and max(seen) != state.raw["newest"]:
        yield f"the last transaction answered is {max(seen)}, the store's is {state.raw['newest']}"


RULES = [everything_was_answered, parents_exist, references_exist, names_are_unique, uids_are_unique,
         versions_begin_at_one, all_are_active, arns_are_right, refs_equal_data, accounts_see_the_same, quotas_hold,
         rule_12_route_ports, rule_13_gateway_route_ports, rule_13_target_ports, rule_14_match_ports,
         rule_14_target_ports, rule_15_ports_once, rule_16_protocols, tags_are_bounded, gateways_are_the_owners,
         consumers_had_the_mesh, only_creators_update, no_update_is_lost, transactions_are_used_once]


def repeated(values):
    return [value for value, count in collections.Counter(values).items() if count > 1]


def check(raw):
    """{rule: what breaks it}; empty when all is well."""
    state = State(raw)
    unanswered = list(everything_was_answered(state))
    if unanswered:
        return {everything_was_answered.__name__: unanswered}
    broken = {rule.__name__: list(rule(state)) for rule in RULES}
    return {name: found for name, found in broken.items() if found}


def main(file):
    with open(file) as text:
        broken = check(json.load(text))
    for name, found in broken.items():
        for one in found[:20]:
            print(f"{name}: {one}")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
