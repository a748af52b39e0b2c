"""The code package: what is in it, that it is enough, and that it is not made twice."""

import json
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from infra.dependencies import KEPT_SERVICES, host_runs_lambda_wheels
from infra.package import Package, narrow_policy, package, with_rights_of
from infra.template import ROOT, STAGES, stage_settings

CLIENT = re.compile(r"""(?:client|resource)\(\s*["']([a-z0-9-]+)["']""")


@pytest.fixture(scope="module")
def names(packaged: Package) -> set[str]:
    with zipfile.ZipFile(packaged.code) as code:
        found = code.namelist()
    assert len(found) == len(set(found))
    return set(found)


def test_the_app_and_the_runtime_are_in_the_package(names: set[str]) -> None:
    assert {"app.py", "chalicelib/__init__.py", "chalice/app.py"} <= names


def test_every_source_file_is_in_the_package(names: set[str]) -> None:
    sources = {path.relative_to(ROOT).as_posix() for path in ROOT.glob("chalicelib/**/*.py")}
    assert sources <= names


def test_nothing_of_the_workshop_is_in_the_package(names: set[str]) -> None:
    tops = {name.split("/")[0] for name in names}
    assert tops.isdisjoint({"tests", "infra", "docs", "build", ".chalice", "requirements.txt"})
    assert tops.isdisjoint({"pytest", "moto", "ministack", "mypy", "ruff", "hypothesis"})
    assert not any(name.startswith("chalice/cli") for name in names)


def test_modules_are_compiled_ahead(names: set[str]) -> None:
    tag = sys.implementation.cache_tag
    assert f"__pycache__/app.{tag}.pyc" in names
    assert f"pydantic/__pycache__/main.{tag}.pyc" in names


def test_the_package_fits_into_lambda(packaged: Package) -> None:
    with zipfile.ZipFile(packaged.code) as code:
        unpacked_bytes = sum(entry.file_size for entry in code.infolist())
    assert packaged.code.stat().st_size < 50 * 1024**2
    assert unpacked_bytes < 250 * 1024**2


def test_unchanged_sources_are_not_packaged_again(packaged: Package) -> None:
    again = package("prod")
    assert not again.fresh
    assert again.code == packaged.code


@pytest.mark.skipif(not host_runs_lambda_wheels(), reason="Lambda's wheels do not run here")
def test_the_package_imports_with_nothing_else_installed(packaged: Package, tmp_path: Path) -> None:
    with zipfile.ZipFile(packaged.code) as code:
        code.extractall(tmp_path)
    program = "import sys; sys.path.insert(0, sys.argv[1]); import app; print(app.app.app_name)"
    finished = subprocess.run(
        [sys.executable, "-I", "-S", "-c", program, str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
        env={"AWS_DEFAULT_REGION": "us-east-1"},
    )
    assert finished.stderr == ""
    assert finished.stdout == "kaituan\n"


def test_every_service_that_the_code_calls_is_vendored() -> None:
    called = {
        service
        for path in ROOT.glob("chalicelib/**/*.py")
        for service in CLIENT.findall(path.read_text(encoding="utf-8"))
    }
    assert called <= KEPT_SERVICES


def test_a_policy_is_narrowed_to_its_stage() -> None:
    wide = "arn:*:sqs:*:*:kaituan-*-refunds arn:*:ssm:*:*:parameter/kaituan/*"
    narrow = narrow_policy(wide, stage_settings("dev"))
    assert narrow == "arn:*:sqs:*:*:kaituan-dev-refunds arn:*:ssm:*:*:parameter/kaituan/dev*"


def test_one_function_for_all_commands_has_the_rights_of_both() -> None:
    first, second = {"Sid": "A", "Action": ["x"]}, {"Sid": "A", "Action": ["y"]}
    both = with_rights_of(json.dumps({"Statement": [first]}), json.dumps({"Statement": [second]}))
    assert json.loads(both)["Statement"] == [first, {"Sid": "AlsoA", "Action": ["y"]}]


def test_only_the_local_stack_has_one_function_for_all_commands() -> None:
    assert {stage: stage_settings(stage).one_admin for stage in STAGES} == {
        "dev": False,
        "test": False,
        "prod": False,
        "local": True,
    }
