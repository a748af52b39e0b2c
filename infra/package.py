"""Packages the app for a stage with `chalice package`: a template and a zip under build/<stage>.

Must never deploy, and never package anything but app.py, chalicelib/ and requirements.txt.
Run it as `python -m infra.package --stage prod`.
"""

import argparse
import fcntl
import hashlib
import importlib.metadata
import json
import os
import shutil
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infra.dependencies import (
    DependenciesUnavailable,
    add_tree,
    compile_ahead,
    dependencies_zip,
    host_platform,
    host_runs_lambda_wheels,
)
from infra.template import ROOT, STAGES, Stage, merge_template, stage_settings

BUILD = ROOT / "build"
ADMIN_POLICY, MONEY_POLICY = "policy-admin.json", "policy-admin_money.json"
SOURCES_IGNORED = shutil.ignore_patterns("__pycache__", "*.pyc", ".*")
# Chalice wants a region to name service principals by; the template itself is for any region.
PACKAGING_REGION = "us-east-1"


class PackagingFailed(Exception):
    """The app could not be packaged; the message says why and what to do."""


@dataclass(frozen=True)
class Package:
    """A packaged stage: the template, which names the code as ./deployment.zip, and the code."""

    stage: str
    template: Path
    code: Path
    fresh: bool
    """Whether it was made just now, and not found as made earlier from the same sources."""
    host_wheels: str | None
    """The platform of the native wheels inside when it is not Lambda's, else None."""

    def read_template(self) -> dict[str, Any]:
        """The packaged SAM template."""
        template: dict[str, Any] = json.loads(self.template.read_text(encoding="utf-8"))
        return template


def package(stage_name: str, *, for_host: bool = False, build: Path = BUILD) -> Package:
    """Packages a stage, or finds it packaged already from the very same sources.

    `for_host` puts in native wheels of this machine where Lambda's would not run. Raises
    `PackagingFailed` or `DependenciesUnavailable`.
    """
    stage = stage_settings(stage_name)
    host_wheels = host_platform() if for_host and not host_runs_lambda_wheels() else None
    directory = build / stage_name
    with _locked(build):
        wheels = dependencies_zip(
            ROOT / "requirements.txt", build / "dependencies", for_host=host_wheels is not None
        )
        project = directory / "project"
        _copy_project(stage, project)
        merge = directory / "merge.json"
        _write_json(merge, merge_template(stage))
        out = directory / "out"
        made_from = directory / "made-from"
        digest = _digest(project, merge, wheels)
        fresh = not made_from.exists() or made_from.read_text(encoding="utf-8") != digest
        if fresh:
            made_from.unlink(missing_ok=True)
            _make_code(project, wheels)
            _run_chalice(stage_name, project, merge, out)
            _check(json.loads((out / "sam.json").read_text(encoding="utf-8")))
            made_from.write_text(digest, encoding="utf-8")
    return Package(stage_name, out / "sam.json", out / "deployment.zip", fresh, host_wheels)


@contextmanager
def _locked(build: Path) -> Iterator[None]:
    """One packaging at a time: tests and a local stack may ask at the same moment."""
    build.mkdir(parents=True, exist_ok=True)
    with (build / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _copy_project(stage: Stage, project: Path) -> None:
    shutil.rmtree(project, ignore_errors=True)
    (project / ".chalice").mkdir(parents=True)
    for name in ("app.py", "requirements.txt"):
        shutil.copy(ROOT / name, project / name)
    shutil.copytree(ROOT / "chalicelib", project / "chalicelib", ignore=SOURCES_IGNORED)
    shutil.copy(ROOT / ".chalice" / "config.json", project / ".chalice" / "config.json")
    for policy in sorted((ROOT / ".chalice").glob("policy-*.json")):
        text = policy.read_text(encoding="utf-8")
        if stage.one_admin and policy.name == ADMIN_POLICY:
            text = with_rights_of(text, policy.with_name(MONEY_POLICY).read_text(encoding="utf-8"))
        narrowed = narrow_policy(text, stage)
        (project / ".chalice" / policy.name).write_text(narrowed, encoding="utf-8")


def with_rights_of(policy: str, other: str) -> str:
    """The first policy with the statements of the other one behind its own."""
    both, more = json.loads(policy), json.loads(other)
    both["Statement"] += [{**one, "Sid": f"Also{one['Sid']}"} for one in more["Statement"]]
    return json.dumps(both, indent=2) + "\n"


def narrow_policy(policy: str, stage: Stage) -> str:
    """A policy file names any stage; packaged, it names one, so that dev cannot touch prod."""
    parameters = f"arn:*:ssm:*:*:parameter/kaituan/{stage.name}*"
    if stage.name == "local":
        # ministack checks GetParametersByPath against the resource "*", whatever the path.
        parameters = "*"
    narrowed = policy.replace("kaituan-*-", f"{stage.prefix}-")
    return narrowed.replace("arn:*:ssm:*:*:parameter/kaituan/*", parameters)


def _digest(project: Path, merge: Path, wheels: Path) -> str:
    digest = hashlib.sha256()
    digest.update(f"{wheels.name} {importlib.metadata.version('chalice')}\n".encode())
    for path in [merge, *sorted(project.rglob("*"))]:
        if path.is_file():
            digest.update(f"{path.name} {path.stat().st_size}\n".encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()


def _make_code(project: Path, wheels: Path) -> None:
    """Writes the zip where Chalice looks before it builds one of its own.

    Chalice would download every wheel again whenever a line of the app changes.
    """
    from chalice.deploy.packager import (
        DependencyBuilder,
        LambdaDeploymentPackager,
    )
    from chalice.utils import UI, OSUtils

    packager = LambdaDeploymentPackager(OSUtils(), DependencyBuilder(OSUtils()), UI())
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    path = Path(packager.deployment_package_filename(str(project), version))
    path.parent.mkdir()
    content = project / ".content"
    for source, name in packager._iter_app_filenames(str(project)):
        target = content / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source, target)
    compile_ahead(content)
    shutil.copy(wheels, path)
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
        add_tree(archive, content)
    shutil.rmtree(content)


def _run_chalice(stage_name: str, project: Path, merge: Path, out: Path) -> None:
    command = [sys.executable, "-c", "from chalice.cli import main; main()"]
    command += ["--project-dir", str(project)]
    command += ["package", "--stage", stage_name, "--merge-template", str(merge), str(out)]
    environment = {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": os.environ.get("HOME", "/"),
        "AWS_DEFAULT_REGION": PACKAGING_REGION,
        "AWS_EC2_METADATA_DISABLED": "true",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONUTF8": "1",
    }
    shutil.rmtree(out, ignore_errors=True)
    finished = subprocess.run(  # noqa: S603 # nosec B603 # our own interpreter, arguments made here
        command, capture_output=True, text=True, check=False, env=environment
    )
    # Its exit status is 0 for some mistakes too: see whether it wrote.
    if finished.returncode != 0 or not (out / "sam.json").exists():
        said = "\n".join(part.strip() for part in (finished.stdout, finished.stderr))
        raise PackagingFailed(f"chalice package --stage {stage_name} failed:\n{said}")


def _check(template: dict[str, Any]) -> None:
    """A merged resource without a type is a handler that app.py does not define."""
    missing = [name for name, what in template["Resources"].items() if "Type" not in what]
    if missing:
        names = ", ".join(sorted(missing))
        raise PackagingFailed(f"app.py has no handler for {names} (see infra/template.py)")
    for name, what in template["Resources"].items():
        for event_name, event in what["Properties"].get("Events", {}).items():
            if "Type" not in event:
                raise PackagingFailed(f"{name} in app.py has no event source {event_name}")


def _write_json(path: Path, content: dict[str, Any]) -> None:
    text = json.dumps(content, indent=2, ensure_ascii=False)
    path.write_text(text + "\n", encoding="utf-8")


def main() -> int:
    """The command line; answers the exit status."""
    parser = argparse.ArgumentParser(prog="python -m infra.package", description=__doc__)
    parser.add_argument("--stage", choices=STAGES, default="dev")
    arguments = parser.parse_args()
    started = time.monotonic()
    try:
        made = package(arguments.stage)
    except (PackagingFailed, DependenciesUnavailable) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    seconds = time.monotonic() - started
    how = "packaged" if made.fresh else "already packaged"
    size_megabytes = made.code.stat().st_size / 1e6
    sys.stdout.write(
        f"{how} in {seconds:.1f} s\n"
        f"  template {made.template.relative_to(ROOT)}\n"
        f"  code     {made.code.relative_to(ROOT)} ({size_megabytes:.1f} MB)\n"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
