"""docs/guide/field-support.md, from the table, the goldens and the end-to-end tests."""
from fields.goldens import golden_of
from fields.model import SPECS, members
from fields.scenarios import scenarios

OPEN = "open"

HEAD = """\
# Field support

Every member of every spec of the API: what it becomes in an Envoy, where that is pinned, where it is tried with real
Envoys, and what is not as it was in App Mesh. This page is written by a test from what it finds (`make field-support`),
and the test fails when the page says anything else.

*Compiled to* names a field of Envoy's message that carries the member's value or follows from it. *Golden* is a case in
[src/compile/testdata](../../src/compile/testdata) whose input sets the member and whose output has those fields, with its value where
they carry it. *End to end* is a test below [tests/e2e](../../tests/e2e) that sends traffic. A duration is one member. `open` is not proven yet;
`planned` comes with the feature that is named. {summary}
"""


def cells(member, row):
    """The four cells beside the member; none is empty."""
    if "planned" in row:
        return [f"planned: {row['planned']}"] * 3 + [row["difference"]]
    compiled = ", ".join(f"`{field}`" for field in row["to"]) or "nothing"
    golden = golden_of(member, row)
    tests = scenarios().get(member, [])
    return [compiled, golden or OPEN, ", ".join(f"`{function}`" for _, function in tests[:2]) or row.get("e2e", OPEN),
            row["difference"]]


def written(table):
    rows = {member: cells(member, table[member]) for member in members()}
    kinds = "".join(_section(spec, rows) for spec in SPECS.values())
    return HEAD.format(summary=_summary(rows)) + kinds


def open_members(table):
    """Members by the column in which their cell is open."""
    found = {"golden": [], "e2e": []}
    for member in members():
        _, golden, tests, _ = cells(member, table[member])
        found["golden"] += [member] if golden == OPEN else []
        found["e2e"] += [member] if tests == OPEN else []
    return found


def _summary(rows):
    planned = sum(cell[0].startswith("planned") for cell in rows.values())
    gaps = sum(OPEN in cell for cell in rows.values())
    return f"Of {len(rows)} members {planned} are planned and {gaps} have an open cell."


def _section(spec, rows):
    lines = [f"\n## {spec.removesuffix('Spec')}\n", "| Member | Compiled to | Golden | End to end | Not as in App Mesh |",
             "| --- | --- | --- | --- | --- |"]
    for member, row in rows.items():
        if member.startswith(f"{spec}."):
            lines.append("| " + " | ".join([f"`{member.removeprefix(spec + '.')}`", *row]) + " |")
    return "\n".join(lines) + "\n"
