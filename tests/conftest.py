"""Makes the modules of the demo importable for the tests and keeps results apart from sources."""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "tools"))
