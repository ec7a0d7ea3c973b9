"""tests/compile/fields/table.json: what each member becomes.

A list of rows. `members`: patterns with choices, each naming single members or all below one. `to`: fields of Envoy's
messages, from the message's own name on; none where nothing comes of it. `follows`: the fields follow from the member
and do not carry its value. `difference` from App Mesh, `none` if there is none. `planned`: the feature that the member
comes with. `e2e`: why no end-to-end test can see it, in place of a mark."""
import json

from fields.model import ROOT, matching

FILE = ROOT / "tests/compile/fields/table.json"
_ROW = {"members", "to", "follows", "difference", "planned", "e2e"}


def read():
    """The row of each member. ValueError for a pattern that names nothing, a member with two rows, an unknown key."""
    found = {}
    for row in json.loads(FILE.read_text(encoding="utf-8")):
        if set(row) - _ROW:
            raise ValueError(f"unknown keys in {row}")
        for pattern in row["members"]:
            named = matching(pattern)
            if not named:
                raise ValueError(f"{pattern} names no member")
            for member in named:
                if member in found:
                    raise ValueError(f"{member} has two rows")
                found[member] = {"to": [], "difference": "none", **row}
    return found
