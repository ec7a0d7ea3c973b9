"""The programs of docs/guide/clients.md, run as they stand there."""
import re
import subprocess

import pytest

from clients import drivers
from clients.conditions import normal
from demo.world import ROOT

GUIDE = (ROOT / "docs/guide/clients.md").read_text(encoding="utf-8")
PROGRAMS = re.findall(r"^## ([^\n]+)\n(?:(?!^## ).)*?^```(python|js|go)\n(.*?)^```$", GUIDE, re.M | re.S)
COMMANDS = {
    "python": (ROOT / "build/env/client/bin/python",),
    "js": (drivers.SDKS / "bin/node",),
    "go": (),
}


def test_every_sdk_has_a_program():
    assert [title for title, _, _ in PROGRAMS] == ["boto3", "SDK for JavaScript v3", "SDK for Go v2", "SDK for Go v1"]


@pytest.mark.parametrize("title, language, text", PROGRAMS, ids=[title for title, _, _ in PROGRAMS])
def test_a_program_of_the_guide(title, language, text, api_credentials):
    client = next(each for each in drivers.CLIENTS if each.name == title)
    with normal() as world:
        world.client.create_mesh(meshName="shop")
        program = world.directory / f"program.{language}"
        program.write_text(text.replace("http://127.0.0.1:8480", world.control.endpoint_url), encoding="utf-8")
        command = [*COMMANDS[language], program]
        if language == "go":
            drivers.go("build", "-o", str(world.directory / "program"), str(program))
            command = [world.directory / "program"]
        done = subprocess.run(command, env=drivers.environment(client, world.directory, api_credentials(world)),
                              capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    first, second = done.stdout.splitlines()
    assert first == "shop" and "absent" in second
