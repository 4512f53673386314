"""Tests what is in the wheel and the sdist, built from a copy of the checkout without the network."""

import ast
import configparser
import email
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

import mailproc

ROOT = Path(__file__).resolve().parents[1]
STOCK = ("templates", "rules", "samples")
LEFT_OUT = shutil.ignore_patterns(
    ".*", "__pycache__", "*.py[cod]", "*.egg-info", "build", "dist", "site", "bench", "tests"
)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """(sdist, wheel), the wheel built from the unpacked sdist as `pip install mailproc-*.tar.gz` would do."""
    folder = tmp_path_factory.mktemp("packaging")
    checkout = folder / "checkout"
    shutil.copytree(ROOT, checkout, ignore=LEFT_OUT)
    run_backend(checkout, "build_sdist", folder)
    [sdist] = folder.glob("*.tar.gz")
    shutil.unpack_archive(sdist, folder / "unpacked")
    [source] = (folder / "unpacked").iterdir()
    run_backend(source, "build_wheel", folder)
    [wheel] = folder.glob("*.whl")
    return sdist, wheel


def run_backend(source: Path, step: str, out: Path) -> None:
    """Calls setuptools as pip does (PEP 517), in the environment of the tests: no isolation, no download."""
    code = f"import setuptools.build_meta as backend; backend.{step}({str(out)!r})"
    done = subprocess.run([sys.executable, "-c", code], cwd=source, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]


def read_settings() -> configparser.ConfigParser:
    parser = configparser.ConfigParser()
    parser.read(ROOT / "setup.cfg", encoding="utf-8")
    return parser


def top_modules(source: str) -> set[str]:
    found = set[str]()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module.partition(".")[0])
    return found


def files_under(folder: Path) -> set[str]:
    return {
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts and path.suffix != ".pyc"
    }


def test_wheel_when_unpacked_holds_the_package_and_the_stock(built: tuple[Path, Path]) -> None:
    with zipfile.ZipFile(built[1]) as archive:
        names = {name for name in archive.namelist() if not name.endswith("/")}
    meta = {name for name in names if ".dist-info/" in name}
    expected = {f"mailproc/{name}" for name in files_under(ROOT / "mailproc")}
    for folder in STOCK:
        expected |= {f"mailproc/stock/{folder}/{name}" for name in files_under(ROOT / folder)}
    assert names - meta == expected
    assert any(name.endswith("licenses/LICENSE") or name.endswith("/LICENSE") for name in meta)


def test_sdist_when_unpacked_holds_what_a_checkout_has(built: tuple[Path, Path]) -> None:
    with tarfile.open(built[0]) as archive:
        names = {member.name.partition("/")[2] for member in archive if member.isfile()}
    expected = {f"mailproc/{name}" for name in files_under(ROOT / "mailproc")}
    for folder in STOCK:
        expected |= {f"{folder}/{name}" for name in files_under(ROOT / folder)}
    expected |= {"setup.cfg", "pyproject.toml", "LICENSE", "Makefile", "cli.py"}
    assert not expected - names
    assert not [name for name in names if name.endswith(".pyc") or "/site/" in name]


def test_wheel_when_imported_finds_its_stock_and_its_version(built: tuple[Path, Path], tmp_path: Path) -> None:
    with zipfile.ZipFile(built[1]) as archive:
        archive.extractall(tmp_path / "wheel")
        [meta_name] = [name for name in archive.namelist() if name.endswith(".dist-info/METADATA")]
        [entry_name] = [name for name in archive.namelist() if name.endswith(".dist-info/entry_points.txt")]
        meta = email.message_from_bytes(archive.read(meta_name))
        entries = archive.read(entry_name).decode()
    assert meta["Name"] == "mailproc"
    assert meta["Version"] == mailproc.__version__
    assert "mailproc = mailproc.cli:main" in entries
    code = (
        "import mailproc, mailproc.stock as stock; print(mailproc.__version__);"
        "print(*[f() for f in (stock.templates_dir, stock.rules_dir, stock.samples_dir)], sep='\\n')"
    )
    # -P and a folder of its own: nothing of the checkout can be imported by accident.
    done = subprocess.run(
        [sys.executable, "-P", "-c", f"import sys; sys.path.insert(0, {str(tmp_path / 'wheel')!r}); {code}"],
        cwd=tmp_path, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    version, *folders = done.stdout.splitlines()
    assert version == mailproc.__version__
    for name, found in zip(STOCK, folders, strict=True):
        assert Path(found).resolve() == (tmp_path / "wheel" / "mailproc" / "stock" / name).resolve()
        assert files_under(Path(found)) == files_under(ROOT / name)


def test_setup_cfg_when_compared_with_the_tree_names_every_room() -> None:
    listed = set(read_settings()["options"]["packages"].split())
    rooms = {
        ".".join(path.parent.relative_to(ROOT).parts)
        for path in (ROOT / "mailproc").rglob("*.py")
        if "__pycache__" not in path.parts
    }
    assert listed == rooms | {f"mailproc.stock.{name}" for name in STOCK}


def test_version_when_read_anywhere_is_one_and_the_same() -> None:
    assert re.fullmatch(r"\d+\.\d+\.\d+", mailproc.__version__)
    assert read_settings()["metadata"]["version"] == "attr: mailproc.__version__"
    changelog = ROOT / "CHANGELOG.md"
    headings = re.findall(r"^## \[?(\d+\.\d+\.\d+)", changelog.read_text(encoding="utf-8"), re.MULTILINE)
    assert headings[:1] == [mailproc.__version__] or not headings, "CHANGELOG.md's newest release is another one"


def test_install_requires_when_compared_with_the_imports_names_what_is_used() -> None:
    """Nothing is installed that no file imports, and nothing imported that is not installed."""
    modules = {"dnspython": "dns", "faust-cchardet": "cchardet", "PyYAML": "yaml", "psycopg[binary]": "psycopg"}
    never_imported = {"tzdata"}  # zoneinfo reads it where the system has no time zones
    options = read_settings()
    required = re.findall(r"^([\w.\[\]-]+) ?[<>=]", options["options"]["install_requires"], re.MULTILINE)
    optional = re.findall(r"^([\w.\[\]-]+) ?[<>=]", options["options.extras_require"]["postgres"], re.MULTILINE)
    imported = set[str]()
    for path in (ROOT / "mailproc").rglob("*.py"):
        imported |= top_modules(path.read_text(encoding="utf-8"))
    imported -= {"mailproc", *sys.stdlib_module_names}
    wanted = {modules.get(name, name).lower() for name in required if name not in never_imported}
    extra = {modules.get(name, name).lower() for name in optional} | {"playhouse"}
    assert wanted - imported == set(), "listed in setup.cfg, imported nowhere"
    assert imported - wanted - extra == set(), "imported, not listed in setup.cfg"
