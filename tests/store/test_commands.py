"""Keeping a store from the command line: compact, vacuum, verify, versions, migrate, and versions to cite."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

sys.path.insert(0, str(Path(__file__).parents[1]))
from coded import coded

from detente import cli
from detente.errors import StoreError
from detente.store import Store


def report(number: int) -> object:
    event = {"type": "ACCUSE", "actors": ["China"], "recipients": ["Washington"], "trigger": "accused"}
    return coded(f"d{number}", f"China accused Washington of breaking deal {number}.", "2020-11-05", [event])


def run(*arguments: str) -> tuple[int, str, str]:
    done = CliRunner().invoke(cli.app, arguments)
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done.exit_code, done.stdout, done.stderr


def test_a_store_is_checked_compacted_vacuumed_and_cited(tmp_path: Path) -> None:
    path = str(tmp_path / "s")
    Store(path).add(map(report, range(6)), batch=2)
    assert run("verify", path) == (0, "", f"{path}: version 3 is whole\n")
    assert run("compact", path) == (0, "", f"{path}: 3 files joined\n")
    assert run("verify", path, "--as-of", "2")[2] == f"{path}: version 2 is whole\n"
    out = run("versions", path, "--json")[1]
    assert [json.loads(line)["version"] for line in out.splitlines()] == [4, 3, 2, 1, 0]
    assert run("sql", path, "select count(*) as n from documents", "--csv", "--as-of", "1")[1] == "n\n2\n"
    assert run("vacuum", path, "--hours", "0")[2] == f"{path}: 3 files deleted\n"
    assert run("verify", path)[0] == 0
    assert run("migrate", path)[2] == f"{path}: is schema 2\n"


def test_a_broken_store_is_said_and_is_status_1(tmp_path: Path) -> None:
    from deltalake import write_deltalake

    path = str(tmp_path / "s")
    Store(path).add([report(1)])
    row = Store(path).sql("select * from records")
    write_deltalake(f"{path}/documents", row, mode="append")
    status, _, said = run("verify", path)
    assert status == 1 and "stands twice" in said


@pytest.mark.parametrize("command", ["compact", "vacuum", "verify", "versions", "migrate"])
def test_no_store_is_one_line(tmp_path: Path, command: str) -> None:
    with pytest.raises(StoreError) as error:
        run(command, str(tmp_path / "none"))
    assert "\n" not in str(error.value)
    assert not (tmp_path / "none").exists()
