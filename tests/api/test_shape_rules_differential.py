"""Random inputs, good and bad, for every operation that takes one, sent as raw JSON to the real server: it refuses
exactly what breaks a rule of botocore's model, and names exactly the broken members.

Three judges: the server; botocore's own validator, which knows some of the rules; shape_rules.broken, which knows all.
CHANCERY_SEED chooses other inputs."""
import collections
import copy
import http.client
import json
import os
import random
import urllib.parse

import botocore
import botocore.session
from botocore.validate import ParamValidator

import shape_rules

REQUESTS = 6000
MOST_TOLD = 100  # of one kind of judging: what cannot be read, what breaks a rule
# What botocore's validator tells.
BOTOCORE_KNOWS = {"required", "type", "min", "union"}
# Values that also keep the rules beyond shapes: characters of names, RE2, tokens, accounts.
FIXED = {
    "meshName": ["m"], "virtualNodeName": ["n", "n2"], "virtualRouterName": ["r", "r-2"], "routeName": ["t", "t_2"],
    "virtualServiceName": ["s.m", "t.m"], "virtualGatewayName": ["g"], "gatewayRouteName": ["w"],
    "virtualNode": ["n", "n2"], "virtualRouter": ["r"], "regex": ["a.*", "^[a-z]+$"],
}


class Inputs:
    """Random inputs of the model's operations."""

    def __init__(self, seed, account):
        self.model = botocore.session.get_session().get_service_model("appmesh")
        self.random = random.Random(seed)
        arn = f"arn:aws:appmesh:us-east-1:{account}:mesh/m"
        fixed = FIXED | {"meshOwner": [account], "resourceArn": [arn, f"{arn}/virtualNode/n"]}
        self._maker = shape_rules.Maker(self.random, fixed)
        self._chosen = collections.Counter()
        verbs = ("Create", "Update", "List", "Tag", "Untag")
        self.operations = [name for name in self.model.operation_names if name.startswith(verbs)]
        # Specs have the most to be wrong.
        self.operations += 3 * [name for name in self.operations if "spec" in self.input_of(name).members]

    def input_of(self, name):
        return self.model.operation_model(name).input_shape

    def make(self, name):
        value = self._maker.make(self.input_of(name))
        # A token belongs to one request; its own rule is not the shapes'.
        value.pop("clientToken", None)
        value.pop("nextToken", None)
        return value

    def spoil(self, name, value):
        """A copy with up to three rules broken."""
        shape = self.input_of(name)
        value = copy.deepcopy(value)
        for _ in range(self.random.randint(1, 3)):
            place = self._choose(list(shape_rules.sound_places(value, shape)))
            ways = shape_rules.ways_to_break(place, self.random) if place else []
            ways = [way for way in ways if can_send(way, place)]
            if not ways:
                continue
            way = self.random.choice(ways)
            if way is shape_rules.GONE:
                del place.container[place.key]
            else:
                place.container[place.key] = copy.deepcopy(way)
        return value

    def _choose(self, places):
        """A place of the shape that was chosen least often so far."""
        if not places:
            return None
        self.random.shuffle(places)
        place = min(places, key=lambda place: self._chosen[place.shape.name])
        self._chosen[place.shape.name] += 1
        return place


def location(shape):
    return shape.serialization.get("location", "body")


def can_send(way, place):
    """In a URL all is text, and a label is never absent or empty: that would be another path."""
    if location(place.shape) == "body":
        return True
    if location(place.shape) == "uri" and way == "":
        return False
    return way is not shape_rules.GONE and shape_rules.is_type(way, place.shape)


class Api:
    """The server, by plain HTTP on one connection: clients would refuse bad input themselves."""

    def __init__(self, address, model):
        self._connection = http.client.HTTPConnection(address, timeout=30)
        self._model = model

    def call(self, name, value):
        """(status, body)."""
        operation = self._model.operation_model(name)
        members = operation.input_shape.members
        parts = collections.defaultdict(dict)
        for member, item in value.items():
            parts[location(members[member])][member] = item
        target = operation.http["requestUri"]
        for member, item in parts["uri"].items():
            target = target.replace("{%s}" % member, urllib.parse.quote(item, safe=""))
        if parts["querystring"]:
            target += "?" + urllib.parse.urlencode(parts["querystring"], quote_via=urllib.parse.quote)
        body = json.dumps(parts["body"]) if operation.http["method"] == "PUT" else None
        self._connection.request(operation.http["method"], target, body)
        answer = self._connection.getresponse()
        return answer.status, json.loads(answer.read())


def judge(inputs, name, value, answer):
    """What is wrong with the server's answer, or with the judges; and what became of the request."""
    shape = inputs.input_of(name)
    broken = shape_rules.broken(value, shape)
    status, body = answer
    told = shape_rules.told(body["message"]) if status == 400 else []
    shapes_told = {path for path, text in told if shape_rules.SHAPE_TEXT.match(text)}
    if status >= 500:
        return "a fault of the server", None
    paths = {path for path, _ in broken}
    if shapes_told != paths and not (len(paths) > MOST_TOLD and shapes_told and shapes_told <= paths):
        return f"broken are {sorted(broken)}, told are {sorted(told)}", None
    knows = any(rule in BOTOCORE_KNOWS for _, rule in broken)
    if ParamValidator().validate(value, shape).has_errors() != knows:
        return f"botocore differs about {broken}: {ParamValidator().validate(value, shape).generate_report()}", None
    outcome = "refused" if broken else "refused by another rule" if status == 400 else "taken"
    return None, (outcome, [rule for _, rule in broken])


def test_the_server_refuses_what_breaks_botocores_model(open_world, capsys):
    world = open_world
    seed = int(os.environ.get("CHANCERY_SEED", "20261124"))
    account = world.client.create_mesh(meshName="m")["mesh"]["metadata"]["meshOwner"]
    inputs = Inputs(seed, account)
    api = Api(world.control.api, inputs.model)
    outcomes, rules, wrong = collections.Counter(), collections.Counter(), []
    for number in range(REQUESTS):
        name = inputs.operations[number % len(inputs.operations)]
        value = inputs.make(name)
        if inputs.random.random() < 0.5:
            value = inputs.spoil(name, value)
        fault, outcome = judge(inputs, name, value, answer := api.call(name, value))
        if fault:
            wrong.append(f"{name} {json.dumps(value)[:2000]}\n  {answer[0]} {answer[1]}\n  {fault}")
        else:
            outcomes[outcome[0]] += 1
            rules.update(outcome[1])
    with capsys.disabled():
        print(f"\nseed {seed}: {REQUESTS} requests of {len(set(inputs.operations))} operations, botocore "
              f"{botocore.__version__}: {dict(outcomes)}; broken rules {dict(rules)}")
    assert not wrong, f"{len(wrong)} with seed {seed}:\n" + "\n".join(wrong[:10])
    # Each judge was asked for each answer.
    assert outcomes["taken"] > REQUESTS / 5 and outcomes["refused"] > REQUESTS / 5
    assert set(rules) == {"required", "type", "min", "max", "range", "enum", "pattern", "union"}
    assert world.control.proxies() == []
