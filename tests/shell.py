"""The command `nexuszero`: in this process, which imports once for all tests, or in one of its own, as in a shell."""

from __future__ import annotations

import contextlib
import io
import json
import os
import subprocess
import sys
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any
from unittest import mock

ROOT = Path(__file__).parents[1]
COMMAND = [sys.executable, "-c", "from nexuszero.cli import main; main()"]


def run(*arguments: object, cwd: Path = ROOT) -> CompletedProcess[str]:
    """Runs the command in this process; an exception that is no exit fails the test, as its traceback would."""
    from nexuszero.cli import main

    words = ["nexuszero", *map(str, arguments)]
    out, err = io.StringIO(), io.StringIO()
    with (
        mock.patch.object(sys, "argv", words),
        contextlib.chdir(cwd),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        try:
            main()
        except SystemExit as end:
            return CompletedProcess(
                words, int(end.code or 0), out.getvalue(), err.getvalue()
            )
    raise AssertionError("the command ended without an exit code")


def start(
    *arguments: object, cwd: Path = ROOT, limit: int = 120, **environment: str
) -> CompletedProcess[str]:
    """Runs the command as a process of its own, for ``limit`` seconds at most."""
    variables = (
        os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"} | environment
    )
    return subprocess.run(
        [*COMMAND, *map(str, arguments)],
        cwd=cwd,
        env=variables,
        capture_output=True,
        text=True,
        timeout=limit,
    )


def checked(done: CompletedProcess[str]) -> CompletedProcess[str]:
    """That it went well."""
    assert done.returncode == 0, done.stderr
    return done


def answer(*arguments: object, cwd: Path = ROOT) -> dict[str, Any]:
    """The one JSON object that the command prints."""
    found: dict[str, Any] = json.loads(
        checked(run(*arguments, "--json", cwd=cwd)).stdout
    )
    return found


def line_of(done: CompletedProcess[str]) -> str:
    """The one line of a refusal, exit code 2."""
    assert done.returncode == 2, (done.returncode, done.stdout, done.stderr)
    assert len(done.stderr.splitlines()) == 1, done.stderr
    assert "Traceback" not in done.stderr
    return done.stderr


def refused(*arguments: object, cwd: Path = ROOT) -> str:
    """The one line with which the command refuses."""
    return line_of(run(*arguments, cwd=cwd))
