"""docs/guide/field-support.md says what the goldens and the end-to-end tests prove, of every member, and nothing else."""
import json
import os

import pytest

from fields import page, scenarios, table
from fields.model import ROOT, matching, members

PAGE = ROOT / "docs/guide/field-support.md"
# Cells that nothing proves yet, by column; a pattern goes when it is proven.
OPEN = ROOT / "tests/compile/fields/open.json"


def test_every_member_of_every_spec_has_one_row():
    assert len(members()) > 200
    assert set(table.read()) == set(members())


def test_no_cell_is_empty():
    rows = table.read()
    assert all(cell.strip() for member in members() for cell in page.cells(member, rows[member]))


@pytest.mark.parametrize("column", ["golden", "e2e"])
def test_open_cells_are_those_that_are_listed(column):
    listed = [member for pattern in json.loads(OPEN.read_text(encoding="utf-8"))[column] for member in matching(pattern)]
    assert sorted(page.open_members(table.read())[column]) == sorted(listed)


def test_marks_name_members():
    assert [mark for mark in scenarios.marks() if not matching(mark[2])] == []


def test_the_page_is_as_generated():
    written = page.written(table.read())
    if os.environ.get("CHANCERY_FIELD_SUPPORT_REWRITE"):
        PAGE.write_text(written, encoding="utf-8")
    assert PAGE.read_text(encoding="utf-8") == written, "make field-support rewrites it"
