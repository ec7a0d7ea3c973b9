"""What the compiler's goldens set in their inputs and have in their outputs."""
import functools
import json
from collections import defaultdict

from fields.model import ROOT, SPECS, set_in

_FOLDER = ROOT / "src/compile/testdata"
# Lists whose items are messages with a name of their own.
_NAMED = {"RouteConfiguration.virtual_hosts": "VirtualHost", "VirtualHost.routes": "Route"}
_TYPES = {"clusters": "Cluster", "listeners": "Listener", "routes": "RouteConfiguration",
          "endpoints": "ClusterLoadAssignment", "secrets": "Secret"}


class Golden:
    """`members` of specs that the input sets and `fields` of Envoy's messages, such as `Route.match.prefix`, that the
    outputs have, each with the values that it has there, as text."""

    def __init__(self, folder):
        self.name = folder.name
        self.members, self.fields = defaultdict(set), defaultdict(set)
        for each in json.loads((folder / "input.json").read_text(encoding="utf-8")):
            for path, value in set_in(SPECS[each["kind"]], each["spec"]):
                self.members[path].add(_text(value))
        for proxy in json.loads((folder / "expect.json").read_text(encoding="utf-8")).values():
            for section, kind in _TYPES.items():
                for message in proxy.get(section, []):
                    self._add(kind, message)

    def _add(self, path, value):
        if isinstance(value, list):
            self.fields[path].add("")
            for item in value:
                self._add(_NAMED.get(path, path), item)
        elif not isinstance(value, dict):
            self.fields[path].add(str(value))
        else:
            kind = value["@type"].rsplit(".", 1)[1] if "@type" in value else path
            self.fields[path].add("")
            self.fields[kind].add("")
            for name, item in value.items():
                if name != "@type":
                    self._add(f"{kind}.{name}", item)

    def proves(self, member, row):
        """Whether the input sets `member`, and the output has its fields and, where they are to carry it, its value."""
        if member not in self.members or not all(field in self.fields for field in row["to"]):
            return False
        if row.get("follows") or not row["to"]:
            return True
        values = {value for field in row["to"] for value in self.fields[field]}
        return any(wanted in value for wanted in self.members[member] for value in values)


def _text(value):
    """As Envoy's JSON has it: durations in seconds."""
    if not isinstance(value, dict):
        return str(value)
    seconds, millis = divmod(value["value"] * (1000 if value["unit"] == "s" else 1), 1000)
    return f"{seconds}.{millis:03}s" if millis else f"{seconds}s"


@functools.cache
def all_goldens():
    return tuple(Golden(path.parent) for path in sorted(_FOLDER.glob("*/expect.json")))


def golden_of(member, row):
    """The name of the first golden that proves the row, or None."""
    return next((each.name for each in all_goldens() if each.proves(member, row)), None)
