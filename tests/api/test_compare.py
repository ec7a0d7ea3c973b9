"""What clients/compare.py lets pass and what it does not: a comparison that misses nothing is what the
page stands on."""
import pytest

from clients import compare

SENT = {"spec": {"priority": 0}}


@pytest.mark.parametrize("expected, got, differ", [
    ({"mesh": {"meshName": "a"}}, {"mesh": {"meshName": "a", "metadata": {}}}, False),
    ({"mesh": {"meshName": "a"}}, {"meshName": "a"}, True),
    ({"mesh": {"spec": {}}}, {"mesh": {"spec": {}}}, False),
    ({"mesh": {"spec": {}}}, {"mesh": {"spec": {"egressFilter": {"type": "DROP_ALL"}}}}, True),
    ({"route": {"spec": "<as sent>"}}, {"route": {"spec": {"priority": 0}}}, False),
    ({"route": {"spec": "<as sent>"}}, {"route": {"spec": {}}}, True),
    ({"nextToken": None}, {}, False),
    ({"nextToken": None}, {"nextToken": "t"}, True),
    ({"nextToken": "<text>"}, {"nextToken": "t"}, False),
    ({"nextToken": "<text>"}, {}, True),
    ({"tags": [{"key": "a"}]}, {"tags": [{"key": "a", "value": ""}]}, False),
    ({"tags": [{"key": "a"}]}, {"tags": [{"key": "a"}, {"key": "b"}]}, True),
    ({"tags": []}, {}, True),
])
def test_differences(expected, got, differ):
    assert bool(compare.differences(expected, got, SENT)) == differ


def test_times_of_all_sdks_are_one():
    assert compare.seconds("2026-11-24T17:00:00.25Z") == compare.seconds("2026-11-24T18:00:00.250000+01:00")
    assert compare.seconds(1.5) == 1.5
    assert compare.seconds("+057869-01-01T00:00:00Z") == float("inf")


def test_a_uid_is_the_same_resource_and_a_time_is_any():
    def answers(*uids):
        return [{"ok": True, "pages": [{"metadata": {"uid": uid, "createdAt": number}}]} for number, uid in enumerate(uids)]

    assert compare.comparable(answers("a", "a", "b")) == compare.comparable(answers("x", "x", "y"))
    assert compare.comparable(answers("a", "a", "b")) != compare.comparable(answers("x", "y", "z"))


def test_pages_are_one_list_and_their_tokens_go():
    pages = [{"meshes": [1], "nextToken": "t"}, {"meshes": [2], "nextToken": None}]
    assert compare.merged(pages) == {"meshes": [1, 2]}
