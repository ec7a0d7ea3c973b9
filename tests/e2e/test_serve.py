"""The command line of `chancery serve` and its admin port."""
import http.client
import subprocess

import pytest

from demo import load, mesh
from demo.control_plane import ControlPlane
from demo.world import World, default_binary


def run(*arguments, env=None):
    return subprocess.run([default_binary(), *arguments], env=env or {}, capture_output=True, text=True, timeout=60,
                          check=False)


@pytest.mark.parametrize("arguments, named", [
    (["serve", "--api", "0.0.0.0:0"], "--tls-cert"),
    (["serve", "--insecure-no-auth", "--api", "0.0.0.0:0"], "--insecure-no-auth"),
    (["serve", "--insecure-no-auth", "--tls-cert", "c", "--tls-key", "k", "--api", "0.0.0.0:0"], "--insecure-no-auth"),
    (["serve", "--tls-cert", "c"], "--tls-key"),
    (["serve", "--api-rate", "-1"], "--api-rate"),
    (["serve", "--quota-profile", "none"], "--quota-profile"),
    (["serve", "--insecure-no-auth", "--xds", "0.0.0.0:0"], "--insecure-xds-bind"),
    (["serve", "--insecure-no-auth", "--admin", "somewhere"], "--admin"),
    (["serve", "--insecure-no-auth", "--account", "12"], "--account"),
    (["serve", "--no-such-flag"], "--no-such-flag"),
    (["no-such-command"], "no-such-command"),
    ([], "subcommand"),
])
def test_misuse_is_one_line_and_exit_code_two(arguments, named, tmp_path):
    data = ["--data-dir", str(tmp_path / "data")] if arguments[:1] == ["serve"] else []
    done = run(*arguments, *data)
    assert done.returncode == 2, done
    assert done.stdout == "" and done.stderr.count("\n") == 1 and named in done.stderr, done.stderr
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize("certificate, key", [("--tls-cert", "--tls-key"), ("--xds-tls-cert", "--xds-tls-key")])
def test_a_missing_certificate_is_named_by_its_flag(certificate, key, tmp_path):
    done = run("serve", "--data-dir", str(tmp_path / "data"), "--api", "127.0.0.1:0", "--xds", "127.0.0.1:0",
               "--admin", "127.0.0.1:0", certificate, str(tmp_path / "absent"), key, str(tmp_path / "absent"))
    assert done.returncode == 1, done
    assert f"chancery serve: {certificate}, {key}" in done.stderr and str(tmp_path / "absent") in done.stderr
    assert not (tmp_path / "data").exists()


def test_help_and_version():
    for arguments in (["--help"], ["serve", "--help"], ["bootstrap", "--help"], ["--version"]):
        done = run(*arguments)
        assert done.returncode == 0 and done.stdout and not done.stderr, arguments


@pytest.mark.parametrize("stdout", [">/dev/full", ">&-"])
def test_what_cannot_be_printed_is_a_failure(stdout):
    for words in ("--help", "bootstrap --resource-arn mesh/m/virtualNode/n --xds 127.0.0.1:1"):
        done = subprocess.run(["sh", "-c", f"exec {default_binary()} {words} {stdout}"], capture_output=True, text=True,
                              timeout=60, check=False)
        assert (done.returncode, done.stderr) == (1, "chancery: cannot write to stdout\n")


def test_each_flag_has_a_variable(tmp_path):
    done = run("serve", env={"CHANCERY_INSECURE_NO_AUTH": "1", "CHANCERY_API": "0.0.0.0:0",
                             "CHANCERY_DATA_DIR": str(tmp_path / "data")})
    assert done.returncode == 2 and "0.0.0.0:0" in done.stderr


def test_an_address_in_use_is_named(world):
    second = ControlPlane(world.binary, world.directory / "second", world.subnet.address())
    (world.directory / "second").mkdir()
    second.api = world.control.api
    with pytest.raises(RuntimeError, match=f"ended with 1:(.|\n)*{world.control.api}"):
        second.start()


def test_what_is_insecure_is_loud():
    closed = ["insecure-no-auth", "insecure-xds-no-auth", "insecure-xds-bind", "insecure-admin-bind"]
    for is_open, given in ((True, "insecure-no-auth"), (False, "insecure-xds-no-auth")):
        with World(arguments=["--insecure-xds-bind"], is_open=is_open) as made:
            log, metrics = made.control.log(), made.control.metrics()
        for flag in closed:
            loud = flag in (given, "insecure-xds-bind")
            assert (f"--{flag}: " in log) == loud, log
            assert (f'chancery_insecure{{flag="{flag}"}} 1' in metrics) == loud


def test_without_authentication_anyone_may_do_anything():
    with World(is_open=True) as made:
        assert load.get(made.control.api, path="/v20190125/meshes") == (200, {"meshes": []})
        made.client.create_mesh(meshName="open")


def test_by_default_nobody_may_do_anything(world):
    status, answer = load.get(world.control.api, path="/v20190125/meshes")
    assert (status, answer["code"]) == (403, "MissingAuthenticationTokenException")


def test_the_admin_port_reads_and_only_reads(world):
    assert world.control.get("/healthz")[0] == 200
    assert world.control.get("/readyz")[0] == 200
    assert world.control.get("/proxies") == (200, {"proxies": []})
    assert world.control.get("/nothing")[0] == 404
    assert world.control.get("/meshes/absent/txn/1")[0] == 404
    assert world.control.get("/meshes/absent/txn/x")[0] == 400
    host, port = world.control.admin.rsplit(":", 1)
    connection = http.client.HTTPConnection(host, int(port), timeout=30)
    connection.request("POST", "/proxies", body=b"{}")
    assert connection.getresponse().status == 405
    connection.close()


def test_metrics_are_prometheus_text(world):
    lines = world.control.metrics().splitlines()
    samples = [line for line in lines if line and not line.startswith("#")]
    assert "chancery_ready 1" in samples
    for sample in samples:
        float(sample.rsplit(" ", 1)[1])


def test_a_transaction_that_alters_nobody_is_live(world):
    txn = mesh.transaction_of(world.client.create_mesh(meshName="quiet"))
    state = world.control.wait_live("quiet", txn)
    assert (state["pending"], state["acknowledged"], state["rejected"]) == (0, 0, 0)
