"""Keys and policies of an installation at rest: restarts, the commands on a stopped one, files and the admin socket."""
import contextlib
import os
import pwd
import socket
import stat
import subprocess

import botocore.exceptions
import pytest

from demo.mesh import ACCOUNT
from demo.signing import MESHES, call

SOCKET = "admin.sock"


def listing(world, key):
    return call(world, key, "GET", MESHES)[0]


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.parametrize("end", ["stop", "kill"])
def test_keys_and_policies_survive(world, end):
    reader, disabled = world.make_key("reader", "AWSAppMeshReadOnly"), world.make_key("other", "AWSAppMeshReadOnly")
    world.control.command("group", "add", "--account", ACCOUNT, "--group", "writers", "--user", "reader")
    world.control.command("keys", "disable", "--access-key-id", disabled["AccessKeyId"])
    getattr(world.control, end)()
    world.control.start()
    assert (listing(world, reader), listing(world, disabled), listing(world, world.key)) == (200, 403, 200)
    with pytest.raises(botocore.exceptions.ClientError, match="AccessDenied"):
        world.connect(reader).create_mesh(meshName="m")
    group = ["--account", ACCOUNT, "--group", "writers", "--name", "AWSAppMeshFullAccess"]
    world.control.command("policy", "attach", *group)
    world.connect(reader).create_mesh(meshName="m")


@pytest.mark.parametrize("end", ["stop", "kill"])
def test_the_commands_on_an_installation_that_does_not_run(world, end):
    """Its socket may be left behind, on which nobody answers."""
    getattr(world.control, end)()
    key = world.make_key("offline", "AWSAppMeshReadOnly")
    shown = world.control.command("keys", "list", "--account", ACCOUNT)["AccessKeyMetadata"]
    assert {row["UserName"] for row in shown} == {"tests", "offline"}
    world.control.start()
    assert listing(world, key) == 200


def test_a_command_that_fails_says_why(world):
    for words, text in [(["keys", "create", "--account", "12", "--user", "u"], "12 digits"),
                        (["policy", "attach", "--account", ACCOUNT, "--name", "absent", "--user", "u"], "absent"),
                        (["keys", "delete", "--access-key-id", "AKIAABSENT"], "AKIAABSENT"),
                        (["policy", "put", "--account", ACCOUNT, "--name", "n", "--file", "/dev/zero"], "larger than 1 MiB"),
                        (["policy", "put", "--account", ACCOUNT, "--name", "n", "--file", "/dev"], "cannot read /dev"),
                        (["share", "create", "--account", ACCOUNT, "--mesh", "absent", "--with", "111122223333"], "absent"),
                        (["quota", "set", "--account", ACCOUNT, "--name", "nonsense", "--limit", "1"], "nonsense")]:
        running = refusal_of(world, words)
        assert text in running and running.count("\n") == 1, running
    world.control.stop()
    assert text in refusal_of(world, words)


def refusal_of(world, words):
    with pytest.raises(RuntimeError) as caught:
        world.control.command(*words)
    return str(caught.value)


def test_files_are_for_their_owner_alone(world):
    assert mode(world.control.data) == 0o700
    assert mode(world.control.data / "secret.key") == 0o600
    assert mode(world.control.data / SOCKET) == 0o600


def test_no_secret_is_in_the_clear_on_the_disk(world):
    secret = world.make_key("sealed")["SecretAccessKey"].encode()
    world.control.kill()
    for path in world.control.data.iterdir():
        assert path.is_socket() or secret not in path.read_bytes(), path


def test_a_lost_key_file_is_a_clear_refusal(world):
    path = world.control.data / "secret.key"
    kept = path.read_bytes()
    world.control.stop()
    path.unlink()
    with pytest.raises(RuntimeError, match=r"ended with 1:(.|\n)*--key-file: .*secret\.key"):
        world.control.start()
    assert not path.exists(), "a new one would make every key useless"
    assert "secret.key" in refusal_of(world, ["keys", "list"])
    path.write_bytes(kept)
    path.chmod(0o640)
    with pytest.raises(RuntimeError, match=r"ended with 1:(.|\n)*0600"):
        world.control.start()
    path.chmod(0o600)
    world.control.start()
    assert listing(world, world.key) == 200


def test_the_key_file_of_another_installation_is_a_clear_refusal(world):
    """No signature could be checked, and new keys would be sealed by the wrong one."""
    world.control.stop()
    path = world.control.data / "secret.key"
    kept = path.read_bytes()
    path.write_bytes(bytes(ord("1") if byte == ord("0") else ord("0") for byte in kept[:64]) + kept[64:])
    with pytest.raises(RuntimeError, match=r"ended with 1:(.|\n)*--key-file: .*secret\.key.*another key"):
        world.control.start()
    assert "another key" in refusal_of(world, ["keys", "list"])
    path.write_bytes(kept)
    world.control.start()
    assert listing(world, world.key) == 200


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can act as another user")
def test_the_admin_socket_is_for_its_owner_and_root(world):
    """By its mode, and where somebody opened up the modes by who is at the other end."""
    path = world.control.data / SOCKET
    assert ask_as(os.geteuid(), path).startswith(b"HTTP/1.1 200")
    nobody = pwd.getpwnam("nobody").pw_uid
    with pytest.raises(PermissionError):
        ask_as(nobody, path)
    for each in (path, path.parent, world.directory):
        each.chmod(0o777)
    assert ask_as(nobody, path) == b""
    assert f"user {nobody} is not allowed" in world.control.log()
    assert ask_as(os.geteuid(), path).startswith(b"HTTP/1.1 200")


def ask_as(uid, path):
    """The answer to `keys list` of a client of that user; nothing where the connection was closed at once."""
    own = os.geteuid()
    # From inside the directory: those above it are not what is tested, and may be closed to that user.
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client, contextlib.chdir(path.parent):
        client.settimeout(30)
        os.seteuid(uid)
        try:
            client.connect(path.name)
        finally:
            os.seteuid(own)
        try:
            client.sendall(b"POST /keys/list HTTP/1.1\r\nHost: admin.sock\r\nContent-Length: 2\r\n"
                           b"Connection: close\r\n\r\n{}")
            return client.recv(100)
        except (ConnectionResetError, BrokenPipeError):
            return b""


def test_a_slip_of_the_directory_makes_no_installation(world, tmp_path):
    """Only what gives somebody something may come before the first start, and says that nobody serves it."""
    elsewhere = tmp_path / "typo"

    def run(*words):
        return subprocess.run([world.binary, *words, "--data-dir", elsewhere], capture_output=True, text=True, timeout=60)

    listed = run("keys", "list")
    assert listed.returncode == 1
    assert f"--data-dir: there is no installation in '{elsewhere}'" in listed.stderr
    assert not elsewhere.exists()
    made = run("keys", "create", "--account", "000000000000", "--user", "x")
    assert made.returncode == 0
    assert "is a new installation; no server is running on it" in made.stderr
    assert run("keys", "list").returncode == 0


def pipe_without_reader():
    reader, writer = os.pipe()
    os.close(reader)
    return writer


@pytest.mark.parametrize("open_stdout", [lambda: os.open("/dev/full", os.O_WRONLY), pipe_without_reader],
                         ids=["full", "pipe"])
def test_a_key_whose_secret_cannot_be_told_is_named(world, open_stdout, request):
    user = request.node.callspec.id
    create = [world.binary, "keys", "create", "--account", ACCOUNT, "--user", user, "--data-dir", world.control.data]
    stdout = open_stdout()
    told = subprocess.run(create, stdout=stdout, stderr=subprocess.PIPE, text=True, timeout=60, check=False)
    os.close(stdout)
    listed = world.control.command("keys", "list", "--account", ACCOUNT, "--user", user)["AccessKeyMetadata"]
    assert told.returncode == 1 and listed[0]["AccessKeyId"] in told.stderr and "delete it" in told.stderr, told
