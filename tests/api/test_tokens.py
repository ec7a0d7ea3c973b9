"""One clientToken on fifty connections at once is one change, and still after a restart (contract/api.md §3.6)."""
import http.client
import json
import threading

from demo import mesh, signing

TIMES = 50


def put_many(world, path, body):
    """(status, transaction, body) of the same PUT on as many connections, sent at one moment."""
    target, content = f"/v20190125{path}", json.dumps(body).encode()
    headers = signing.sign(world.control.endpoint_url, world.key, "PUT", target, content)
    start, answers = threading.Barrier(TIMES), []

    def put():
        connection = http.client.HTTPConnection(world.control.api, timeout=30)
        try:
            connection.connect()
            start.wait(timeout=30)
            connection.request("PUT", target, content, headers)
            response = connection.getresponse()
            answers.append((response.status, response.getheader("x-chancery-txn"), response.read()))
        finally:
            connection.close()

    threads = [threading.Thread(target=put) for _ in range(TIMES)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == TIMES
    return set(answers)


def metadata(answers):
    (status, _, body), = answers
    assert status == 200
    return json.loads(body)["metadata"]


def test_one_token_fifty_times(world):
    create = "/meshes", {"meshName": "once", "clientToken": "create"}
    update = "/meshes/once", {"spec": {"egressFilter": {"type": "ALLOW_ALL"}}, "clientToken": "update"}
    created = put_many(world, *create)
    assert metadata(created)["version"] == 1
    updated = put_many(world, *update)
    assert metadata(updated)["version"] == 2
    assert metadata(updated)["uid"] == metadata(created)["uid"]

    world.control.kill()
    world.control.start()
    assert put_many(world, *update) == updated
    assert put_many(world, *create) == created
    client = world.client
    assert [one["meshName"] for one in client.list_meshes()["meshes"]] == ["once"]
    now = client.describe_mesh(meshName="once")["mesh"]
    assert (now["metadata"]["uid"], now["metadata"]["version"]) == (metadata(created)["uid"], 2)
    following = mesh.transaction_of(client.update_mesh(meshName="once", spec={}))
    (_, last, _), = updated
    assert following == int(last) + 1
