"""What botocore's model says of an input: values that keep its rules, ways to break them, and an own judgement of
which members are broken. botocore's validator knows required members, types, least values and unions; this also knows
greatest values, patterns and enums."""
import dataclasses
import re
import string

GONE = object()
LETTERS = string.ascii_letters + string.digits
TYPES = {"string": str, "integer": int, "long": int, "boolean": bool, "list": list, "structure": dict}
RANGES = {"integer": (-2**31, 2**31 - 1), "long": (-2**63, 2**63 - 1)}
# Which of the server's refusals are of shapes; any other is one of its own rules (src/frontend/field_rules.h).
SHAPE_TEXT = re.compile(
    r"is required$|must have .* items, has |must be .* characters long, is |must match "
    r"|must have exactly one of .*; has \d|must be (a|an) \w+.*, is |must be true or false, is "
    r"|must be one of .*; is |must be (between|at least|at most) ")
PATH = r"[A-Za-z0-9]+(?:\.[A-Za-z0-9]+|\[\d+\])*"


def is_type(value, shape):
    return isinstance(value, TYPES[shape.type_name]) and (shape.type_name == "boolean" or not isinstance(value, bool))


def matches(pattern, text):
    # RE2's $ is the end of the text, Python's also stands before a last line feed.
    return re.search(pattern.replace("$", r"\Z"), text) is not None


class Maker:
    """Random values that keep all rules of their shapes, and those between members that shapes do not say."""

    def __init__(self, random, fixed):
        self._random = random
        self._fixed = fixed  # member: the values to choose from

    def make(self, shape, member=""):
        if member in self._fixed:
            return self._random.choice(self._fixed[member])
        return getattr(self, f"_{shape.type_name}")(shape)

    def _structure(self, shape):
        chosen = self._members(shape)
        value = {name: self.make(shape.members[name], name) for name in chosen}
        if shape.name.endswith("RouteAction") and "weightedTargets" in value:  # the sum is at most 100
            for target in value["weightedTargets"]:
                target["weight"] = self._random.randint(0, 100 // len(value["weightedTargets"]))
        return value

    def _members(self, shape):
        routes = [name for name in shape.members if name.endswith("Route")]
        if getattr(shape, "is_tagged_union", False):
            return [self._random.choice(list(shape.members))]
        optional = [name for name in shape.members if name not in shape.required_members and name not in routes]
        chosen = shape.required_members + [name for name in optional if self._random.random() < 0.4]
        # A spec of a route has exactly one kind of route.
        return chosen + ([self._random.choice(routes)] if routes else [])

    def _list(self, shape):
        least = shape.metadata.get("min", 0)
        most = min(shape.metadata.get("max", least + 3), least + 3)
        return [self.make(shape.member) for _ in range(self._random.randint(least, most))]

    def _string(self, shape):
        if shape.enum:
            return self._random.choice(shape.enum)
        least = max(1, shape.metadata.get("min", 1))
        most = min(shape.metadata.get("max", 12), least + 12)
        return "".join(self._random.choices(LETTERS, k=self._random.randint(least, most)))

    def _integer(self, shape):
        least, most = RANGES[shape.type_name]
        least, most = shape.metadata.get("min", max(least, -5)), shape.metadata.get("max", most)
        return self._random.choice([least, min(least + 1, most), most, self._random.randint(least, most)])

    _long = _integer

    def _boolean(self, _):
        return self._random.random() < 0.5


@dataclasses.dataclass
class Place:
    """One value inside an input: container[key], of that shape; `parent` is the container's shape."""
    container: object
    key: object
    shape: object
    parent: object

    @property
    def value(self):
        return self.container[self.key]


def sound_places(value, shape):
    """All values at and below the members of `value` that keep the types of `shape`; what does not is passed over."""
    if shape.type_name == "structure":
        below = [(name, shape.members[name]) for name in value]
    elif shape.type_name == "list":
        below = [(index, shape.member) for index in range(len(value))]
    else:
        return
    for key, member in below:
        if is_type(value[key], member):
            yield Place(value, key, member, shape)
            yield from sound_places(value[key], member)


def ways_to_break(place, random):
    """Values that break a rule of the place's shape; GONE drops the member."""
    shape, rules = place.shape, place.shape.metadata
    others = {"string": [7, [], {}, True], "integer": ["7", 1.5, [], {}], "long": ["7", 1.5, {}],
              "boolean": ["true", 0],
              "list": [{}, "x", 3], "structure": [[], "x", 3, False]}
    ways = [random.choice(others[shape.type_name])]
    if place.parent.type_name == "list":  # elsewhere null is absence
        ways.append(None)
    if place.parent.type_name == "structure" and place.key in place.parent.required_members:
        ways.append(GONE)
    if shape.type_name in RANGES:
        least, most = RANGES[shape.type_name]
        ways += [rules.get("min", least) - 1] * (1 if "min" in rules else 4) + [rules.get("max", most) + 1]
    elif shape.type_name == "string" and shape.enum:
        ways += ["", "NO_SUCH_VALUE", shape.enum[0].swapcase()]
    elif shape.type_name == "string":
        ways += [""] * (rules.get("min", 0) > 0) + ["x" * (rules.get("max", 0) + 1)] * ("max" in rules)
        ways += ["\x01", "é"] * (4 * ("pattern" in rules))
    elif shape.type_name == "list":
        ways += [[]] * (rules.get("min", 0) > 0)
        ways += [(place.value[:1] or [0]) * (rules.get("max", 0) + 1)] * ("max" in rules)
    elif getattr(shape, "is_tagged_union", False):
        ways += [{}, {name: empty(member) for name, member in shape.members.items()}]
    return ways


def empty(shape):
    return {"string": "x", "boolean": False, "list": [], "structure": {}}.get(shape.type_name, 1)


def broken(value, shape, path=""):
    """The paths of the members that break a rule, each as (path, rule), in the server's way: what cannot be read is
    told once and not looked into."""
    if not is_type(value, shape):
        return [(path, "type")]
    return list(globals()[f"_broken_{shape.type_name}"](value, shape, path))


def _broken_structure(value, shape, path):
    below = []
    for name, member in shape.members.items():
        at = f"{path}.{name}" if path else name
        if name in value:
            below += broken(value[name], member, at)
        elif name in shape.required_members:
            below.append((at, "required"))
    if getattr(shape, "is_tagged_union", False):
        unread = [name for name in value if (f"{path}.{name}", "type") in below or (f"{path}.{name}", "enum") in below]
        read = len(value) - len(unread)
        if read > 1 or (read == 0 and not unread):
            yield path, "union"
    yield from below


def _broken_list(value, shape, path):
    if not shape.metadata.get("min", 0) <= len(value):
        yield path, "min"
    if not len(value) <= shape.metadata.get("max", len(value)):
        yield path, "max"
    for index, item in enumerate(value):
        yield from broken(item, shape.member, f"{path}[{index}]")


def _broken_string(value, shape, path):
    rules = shape.metadata
    if shape.enum:
        if value not in shape.enum:
            yield path, "enum"
    elif len(value) < rules.get("min", 0):
        yield path, "min"
    elif len(value) > rules.get("max", len(value)):
        yield path, "max"
    elif "pattern" in rules and not matches(rules["pattern"], value):
        yield path, "pattern"


def _broken_integer(value, shape, path):
    if value < shape.metadata.get("min", RANGES[shape.type_name][0]):
        # botocore has no range of its own for a type.
        yield path, "min" if "min" in shape.metadata else "range"
    elif value > shape.metadata.get("max", RANGES[shape.type_name][1]):
        yield path, "max"


_broken_long = _broken_integer


def _broken_boolean(*_):
    return ()


def told(message):
    """(path, text) of each rule that a refusal names."""
    prefix, _, rest = message.partition(": ")
    if prefix != "invalid request" or not rest:
        return []
    parts = re.split(rf"; (?!has \d|is )(?={PATH} )", rest)
    return [tuple(part.split(" ", 1)) for part in parts]
