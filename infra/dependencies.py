"""The vendored part of a deployment package: wheels of requirements.txt, fetched once per
requirements file, Python version and platform, and kept as one zip under build/dependencies.

Must never contain a line of this project's code, nor the tools of requirements-dev.txt.
"""

import compileall
import hashlib
import os
import platform
import py_compile
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

# Raised when what this module writes changes, so that older caches are not read.
LAYOUT_VERSION = 1
# A zip knows nothing before 1980; one date for all keeps equal content equal.
ZIP_DATE = (1980, 1, 1, 0, 0, 0)
# botocore describes some four hundred services; these are the ones that functions may call.
KEPT_SERVICES = frozenset(
    {"cloudwatch", "dynamodb", "events", "kms", "lambda", "logs", "s3", "sqs", "ssm", "sts"}
)
LAMBDA_PLATFORM = "lambda-x86_64"


class DependenciesUnavailable(Exception):
    """requirements.txt could not be turned into wheels for the platform; says which and why."""


def host_runs_lambda_wheels() -> bool:
    """Whether wheels made for Lambda (Linux x86-64, glibc) can be imported on this machine."""
    libc, _ = platform.libc_ver()
    return sys.platform == "linux" and platform.machine() == "x86_64" and libc == "glibc"


def host_platform() -> str:
    """A word for this machine, for file names and for what a run says about itself."""
    return f"{sys.platform}-{platform.machine()}".lower()


def dependencies_zip(requirements: Path, cache: Path, *, for_host: bool) -> Path:
    """The zip of all dependencies, from the cache when it is there.

    `for_host` takes wheels of this machine instead of Lambda's. Raises
    `DependenciesUnavailable`.
    """
    target = host_platform() if for_host else LAMBDA_PLATFORM
    version = f"py{sys.version_info.major}{sys.version_info.minor}"
    kept = ",".join(sorted(KEPT_SERVICES))
    words = (str(LAYOUT_VERSION), version, target, kept, requirements.read_text(encoding="utf-8"))
    digest = hashlib.sha256("\n".join(words).encode()).hexdigest()[:16]
    path = cache / f"{version}-{target}-{digest}.zip"
    if path.exists():
        return path
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="kaituan-wheels-") as directory:
        packages = Path(directory) / "packages"
        packages.mkdir()
        if for_host:
            _install_for_host(requirements, packages)
        else:
            _install_for_lambda(requirements, packages)
        _drop_unused(packages)
        compile_ahead(packages)
        unfinished = path.with_suffix(f".{os.getpid()}.tmp")
        with zipfile.ZipFile(unfinished, "w", zipfile.ZIP_DEFLATED) as archive:
            add_tree(archive, packages)
        unfinished.replace(path)
    return path


def compile_ahead(directory: Path) -> None:
    """Compiles every module, so that a cold start need not; /var/task cannot be written to.

    The compiled files are taken without looking at the source: a package never changes.
    """
    compileall.compile_dir(
        directory,
        quiet=2,
        workers=0,
        stripdir=directory,
        invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH,
    )


def add_tree(archive: zipfile.ZipFile, directory: Path) -> None:
    """Adds all files under a directory, in order and undated: equal trees make equal zips."""
    for path in sorted(directory.rglob("*")):
        if path.is_file():
            name = path.relative_to(directory).as_posix()
            entry = zipfile.ZipInfo(name, date_time=ZIP_DATE)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, path.read_bytes())


def _install_for_lambda(requirements: Path, packages: Path) -> None:
    from chalice.deploy.packager import (
        BaseLambdaDeploymentPackager,
        DependencyBuilder,
        MissingDependencyError,
        NoSuchPackageError,
        PackageDownloadError,
    )
    from chalice.utils import OSUtils

    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    abi = BaseLambdaDeploymentPackager._RUNTIME_TO_ABI[version]
    try:
        DependencyBuilder(OSUtils()).build_site_packages(abi, str(requirements), str(packages))
    except MissingDependencyError as error:
        names = ", ".join(sorted(package.identifier for package in error.missing))
        raise DependenciesUnavailable(f"no wheel for Lambda's Linux: {names}") from error
    except (NoSuchPackageError, PackageDownloadError) as error:
        raise DependenciesUnavailable(str(error)) from error


def _install_for_host(requirements: Path, packages: Path) -> None:
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-compile"]
    command += ["--disable-pip-version-check", "--target", str(packages), "-r", str(requirements)]
    finished = subprocess.run(  # noqa: S603 # nosec B603 # our own pip, arguments made here
        command, capture_output=True, text=True, check=False
    )
    if finished.returncode != 0:
        raise DependenciesUnavailable(finished.stderr.strip())


def _drop_unused(packages: Path) -> None:
    for service in (packages / "botocore" / "data").iterdir():
        if service.is_dir() and service.name not in KEPT_SERVICES:
            shutil.rmtree(service)
    for scripts in (packages / "bin", packages / "chalice"):
        shutil.rmtree(scripts, ignore_errors=True)
