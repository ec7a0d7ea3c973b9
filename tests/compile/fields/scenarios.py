"""The end-to-end tests that say which members they try: @pytest.mark.field("VirtualNodeSpec.listeners[].tls.mode", …).

A pattern may have choices (`{http,http2}Route`) and names all members below it. Read from the sources, without running
or importing them."""
import ast
import functools

from fields.model import ROOT, matching

_FOLDER = ROOT / "tests/e2e"


def _patterns(function):
    for decorator in function.decorator_list:
        if isinstance(decorator, ast.Call) and ast.unparse(decorator.func) == "pytest.mark.field":
            yield from (ast.literal_eval(argument) for argument in decorator.args)


@functools.cache
def marks():
    """(file below tests/e2e, test function, pattern) of every mark."""
    return tuple((str(path.relative_to(_FOLDER)), node.name, pattern)
                 for path in sorted(_FOLDER.rglob("test_*.py"))
                 for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
                 if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
                 for pattern in _patterns(node))


@functools.cache
def scenarios():
    """The tests of each member, as (file, function)."""
    found = {}
    for file, function, pattern in marks():
        for member in matching(pattern):
            found.setdefault(member, []).append((file, function))
    return found
