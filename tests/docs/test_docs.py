"""Runs the shell commands of the documents, in order, in one shell: a reader's afternoon.

A fenced block says by its info string what becomes of it:

    ```sh test              runs; every command must succeed
    ```sh test background   runs beside what follows, until the end
    ```text shows           each of its lines stands in the output of the block before; behind a
                            background block: will stand there, before the next block runs
    ```sh                   is not run: each command must be in NOT_RUN_HERE, with what covers it

Other languages are left alone; a block without a language is an error. Ports and addresses that the
documents name are replaced by free ones, so that the test runs beside anything else. Documents run in
the order of DOCUMENTS and share the shell, the control plane and the mesh of the first.
"""
import dataclasses
import os
import pathlib
import re
import signal
import socket
import subprocess
import threading
import time
import uuid

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
DOCUMENTS = [
    "docs/guide/getting-started.md",
    "README.md",
    "docs/guide/configuration.md",
    "docs/guide/operating.md",
    "docs/guide/proxies.md",
    "docs/guide/envoy-agent.md",
    "docs/guide/intercept.md",
    "docs/guide/tls.md",
    "docs/guide/api.md",
    "docs/guide/clients.md",
    "docs/guide/security.md",
    "ARCHITECTURE.md",
    "CONTRIBUTING.md",
]
# Seconds for one block, and for what a background block is to show.
DEADLINE = 120

# What a reader types that is not run here: the file that runs it instead, as path or path#text, where
# the text stands in the file.
NOT_RUN_HERE = {
    "make build": "Makefile#build:",
    "make run": "Makefile#run:",
    "tools/setup.sh demo": "Makefile#tools/setup.sh demo",
    "chancery serve --tls-cert api.pem --tls-key api.key --api 0.0.0.0:8480 "
    "--oidc-issuer https://id.example.com/realms/main --oidc-audience chancery "
    "--oidc-user-claim email": "tests/api/test_bearer.py#--oidc-user-claim",
    'curl -H "Authorization: Bearer $TOKEN" https://mesh.example.com:8480/v20190125/meshes':
        "tests/api/test_bearer.py#Authorization",
    "chancery intercept --ignore-uid 1337 --app-ports 8080": "tests/e2e/scenarios/test_intercept.py#--app-ports",
    "chancery intercept --remove": "tests/e2e/scenarios/test_intercept.py#--remove",
    "chancery policy attach --account 111122223333 --name AWSAppMeshReadOnly":
        "src/app/admin_socket_test.cc#attach",
    "chancery policy attach --account 111122223333 --name AWSAppMeshFullAccess --group mesh-admins":
        "tests/api/test_bearer.py#--group",
}


@dataclasses.dataclass
class Block:
    document: str
    line: int
    info: list
    text: str

    @property
    def place(self):
        return f"{self.document}:{self.line}"


def blocks_of(document, text):
    blocks, info, start, lines = [], None, 0, []
    for number, line in enumerate(text.splitlines(), 1):
        fence = re.match(r"^```\s*(.*)$", line)
        if fence and info is None:
            info, start, lines = fence.group(1).split(), number, []
        elif fence:
            blocks.append(Block(document, start, info, "\n".join(lines)))
            info = None
        elif info is not None:
            lines.append(line)
    assert info is None, f"{document}:{start}: the block has no end"
    return blocks


def blocks_in(document):
    return blocks_of(document, (ROOT / document).read_text())


def commands_of(text):
    """The commands of a block, continued lines joined, comments and blank lines left out."""
    joined = re.sub(r"\\\n\s*", "", text)
    return [re.sub(r"\s+#.*$", "", line).strip() for line in joined.splitlines() if line.strip() and line.strip()[0] != "#"]


def every_document():
    found = [path for path in ROOT.glob("*.md")] + [path for path in (ROOT / "docs").rglob("*.md")]
    return sorted(str(path.relative_to(ROOT)) for path in found)


def test_every_block_has_a_language():
    bare = [block.place for document in every_document() for block in blocks_in(document) if not block.info]
    assert not bare, f"blocks without a language: {bare}"


def test_every_command_is_run_here_or_elsewhere():
    unknown, seen = [], set()
    for document in every_document():
        for block in blocks_in(document):
            if block.info[:1] != ["sh"]:
                continue
            if "test" in block.info:
                assert document in DOCUMENTS, f"{block.place}: {document} is not in DOCUMENTS"
                continue
            seen.update(commands_of(block.text))
            unknown += [f"{block.place}: {command}" for command in commands_of(block.text) if command not in NOT_RUN_HERE]
    assert not unknown, "mark the block `sh test` or say in NOT_RUN_HERE what covers: " + "; ".join(unknown)
    assert not set(NOT_RUN_HERE) - seen, "in no document any more: " + ", ".join(set(NOT_RUN_HERE) - seen)


@pytest.mark.parametrize("command", NOT_RUN_HERE)
def test_what_covers_a_command_exists(command):
    path, _, text = NOT_RUN_HERE[command].partition("#")
    assert text in (ROOT / path).read_text()


def test_every_local_link_leads_somewhere():
    broken = []
    for document in every_document():
        for target in re.findall(r"\]\(([^)\s]+)\)", (ROOT / document).read_text()):
            if "://" in target or target.startswith("#"):
                continue
            if not (ROOT / document).parent.joinpath(target.partition("#")[0]).exists():
                broken.append(f"{document}: {target}")
    assert not broken, broken


def free_ports(count):
    sockets = [socket.socket() for _ in range(count)]
    for each in sockets:
        each.bind(("127.0.0.1", 0))
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


class Output:
    """What a process has printed so far, collected by a thread until it ends."""

    def __init__(self, stream):
        self._condition = threading.Condition()
        self._text = ""
        self._ended = False
        threading.Thread(target=self._read, args=(stream,), daemon=True).start()

    def _read(self, stream):
        for line in stream:
            with self._condition:
                self._text += line
                self._condition.notify_all()
        with self._condition:
            self._ended = True
            self._condition.notify_all()

    def wait_for(self, found, deadline):
        """The text as soon as found(text) holds; fails at its end or at the deadline."""
        end = time.monotonic() + deadline
        with self._condition:
            while not found(self._text):
                left = end - time.monotonic()
                assert not self._ended, f"ended with:\n{self._text}"
                assert left > 0, f"after {deadline} s only:\n{self._text}"
                self._condition.wait(left)
            return self._text


class Reader:
    """A shell in an empty folder that looks like a built checkout, and what it left running."""

    def __init__(self, folder):
        self._folder = folder
        api, xds, admin, *rest = free_ports(9)
        spots = {8480: api, 8481: xds, 8482: admin, 9000: rest[0], 9001: rest[1], 9002: rest[2], 9901: rest[3],
                 8443: rest[4], 9902: rest[5]}
        self._ports = {str(written): str(used) for written, used in spots.items()}
        # An address of this process's own, for the ports that a listener takes on it.
        self._own_address = "127.{}.{}.{}".format(*(64 + byte % 128 for byte in uuid.uuid4().bytes[:3]))
        (folder / "build").mkdir()
        (folder / "build" / "chancery").symlink_to(os.environ.get("CHANCERY_BINARY", ROOT / "build" / "chancery"))
        for name in ("build/env", "examples"):
            if (ROOT / name).exists():
                (folder / name).symlink_to(ROOT / name)
        self._environment = {
            "PATH": os.environ.get("PATH", "/usr/bin:/bin"),
            "HOME": str(folder),
            "LANG": "C.UTF-8",
            "CHANCERY_API": f"127.0.0.1:{api}",
            "CHANCERY_XDS": f"127.0.0.1:{xds}",
            "CHANCERY_ADMIN": f"127.0.0.1:{admin}",
        }
        self._background = []
        self._shell = self._spawn(["bash", "--noprofile", "--norc"], stdin=subprocess.PIPE)
        self._output = Output(self._shell.stdout)
        self.substitute = self._substitute

    def _spawn(self, command, **more):
        return subprocess.Popen(
            command, cwd=self._folder, env=self._environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            text=True, start_new_session=True, **more)

    def _substitute(self, text):
        text = re.sub(r"\b(848[012]|8443|900[012]|990[12])\b", lambda match: self._ports[match.group()], text)
        return text.replace("127.0.0.2", self._own_address)

    def run(self, block):
        """Runs a block in the shell; gives what it printed."""
        mark = uuid.uuid4().hex
        script = self._folder / f"{mark}.sh"
        script.write_text(self._substitute(block.text) + "\n")
        self._shell.stdin.write(
            f"failed=0; trap 'failed=1' ERR; source {script}; trap - ERR; echo; echo {mark} failed=$failed\n")
        self._shell.stdin.flush()
        # The text between the mark of the block before and this one's.
        text = self._output.wait_for(lambda text: re.search(rf"{mark} failed=\d", text) is not None, DEADLINE)
        printed = text[: text.index(mark)]
        printed = re.split(r"[0-9a-f]{32} failed=\d\n", printed)[-1]
        assert f"{mark} failed=0" in text, f"{block.place}: a command fails:\n{block.text}\n---\n{printed}"
        return printed

    def start(self, block):
        """Runs a block beside everything else, with the variables that the shell has now."""
        dump = self._folder / f"{uuid.uuid4().hex}.env"
        self.run(Block(block.document, block.line, [], f"export -p > {dump}"))
        script = f"source {dump}\n{self._substitute(block.text)}\n"
        process = self._spawn(["bash", "--noprofile", "--norc", "-c", script], stdin=subprocess.DEVNULL)
        self._background.append(process)
        return Output(process.stdout)

    def stop(self):
        for process in reversed([self._shell, *self._background]):
            try:
                os.killpg(process.pid, signal.SIGTERM)
            except ProcessLookupError:
                pass
        for process in [self._shell, *self._background]:
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()


@pytest.fixture(scope="module")
def reader(tmp_path_factory):
    reader = Reader(tmp_path_factory.mktemp("docs"))
    yield reader
    reader.stop()


def check_shown(block, printed, reader):
    missing = [line for line in shown_lines(block, reader) if line not in printed]
    assert not missing, f"{block.place}: not printed: {missing}; but:\n{printed}"


def shown_lines(block, reader):
    return [reader.substitute(line.strip()) for line in block.text.splitlines() if line.strip()]


@pytest.mark.parametrize("document", DOCUMENTS)
def test_commands(document, reader):
    printed, output = None, None
    for block in blocks_in(document):
        if block.info[:2] == ["text", "shows"]:
            assert printed is not None or output is not None, f"{block.place}: nothing was run before it"
            if output is not None:
                lines = shown_lines(block, reader)
                output.wait_for(lambda text: all(line in text for line in lines), DEADLINE)
            else:
                check_shown(block, printed, reader)
        elif block.info[:2] == ["sh", "test"]:
            if "background" in block.info:
                printed, output = None, reader.start(block)
            else:
                printed, output = reader.run(block), None


def test_no_figure_is_still_to_be_filled_in():
    for document in every_document():
        assert "<!-- figures" not in (ROOT / document).read_text(), document
