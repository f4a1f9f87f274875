"""The recipes of `deploy/` hold together. No container builder is needed: their steps are followed
here, in a folder of their own.
"""

import configparser
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import httpx
import pytest
import yaml
from tests.running.recipe import DEPLOY, stages

ROOT = DEPLOY.parent
UV = shutil.which("uv") or str(ROOT / ".uv" / "bin" / "uv")
UNITS = sorted([*DEPLOY.glob("*.service"), *DEPLOY.glob("*.timer")])
INSTRUCTIONS = {
    *("CMD", "COPY", "ENTRYPOINT", "ENV", "EXPOSE", "HEALTHCHECK", "RUN", "STOPSIGNAL", "USER"),
    *("VOLUME", "WORKDIR"),
}
PINNED = re.compile(r"[a-z/]+:\d+\.\d+[\w.-]*")


def unit(name: str) -> configparser.ConfigParser:
    parser = configparser.ConfigParser(interpolation=None)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read_string((DEPLOY / name).read_text(encoding="utf-8").replace("\\\n", " "))
    return parser


def test_every_image_is_named_with_its_version() -> None:
    compose = yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))
    images = [stage.base for stage in stages()] + [compose["services"]["database"]["image"]]
    assert all(PINNED.fullmatch(image) for image in images), images
    assert compose["services"]["database"]["image"].startswith("postgres:17.")


def test_the_recipe_holds_instructions_that_there_are_and_copies_what_is_there() -> None:
    build, last = stages()
    assert {word for stage in (build, last) for word, _ in stage.steps} <= INSTRUCTIONS
    sources = [source for names, _ in build.copies for source in names]
    assert sources
    assert not [source for source in sources if not (ROOT / source).exists()]
    assert not last.copies


def test_what_is_copied_is_let_in_and_nothing_else() -> None:
    lines = (DEPLOY / "Dockerfile.dockerignore").read_text(encoding="utf-8").splitlines()
    let_in = {line[1:] for line in lines if line.startswith("!")}
    assert lines[0] == "*"
    assert let_in == {source for names, _ in stages()[0].copies for source in names}


def test_the_image_runs_as_nobody_in_particular_and_says_how_it_is() -> None:
    _, last = stages()
    assert last.of("USER") == ["10001:10001"]
    assert last.of("VOLUME") == ["/data"]
    assert "/health'" in " ".join(last.command("HEALTHCHECK"))
    assert last.command("ENTRYPOINT") == ["kampass"]


def test_the_composition_keeps_secrets_in_files_that_git_does_not_know() -> None:
    text = (DEPLOY / "compose.yaml").read_text(encoding="utf-8")
    services = yaml.safe_load(text)["services"]
    for name, service in services.items():
        file = service["env_file"]
        assert file == f"{name}.env"
        assert (DEPLOY / f"{file}.example").is_file()
        ignored = subprocess.run(
            ["git", "check-ignore", "--quiet", f"deploy/{file}"], cwd=ROOT, check=False
        )
        assert ignored.returncode == 0
    assert "PASSWORD" not in text
    assert "TOKEN" not in text


def test_the_composition_writes_nowhere_but_in_its_volumes() -> None:
    composition = yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))
    kampass, database = composition["services"]["kampass"], composition["services"]["database"]
    assert kampass["read_only"] is True
    assert kampass["cap_drop"] == ["ALL"]
    assert kampass["security_opt"] == ["no-new-privileges:true"]
    mounted = [volume.split(":")[0] for each in (kampass, database) for volume in each["volumes"]]
    assert sorted(mounted) == sorted(composition["volumes"])
    assert database["healthcheck"]["test"][1] == "pg_isready"
    assert kampass["depends_on"]["database"]["condition"] == "service_healthy"
    assert (ROOT / "deploy" / kampass["build"]["context"]).resolve() == ROOT
    assert (ROOT / kampass["build"]["dockerfile"]).is_file()
    assert all(port.startswith("127.0.0.1:") for port in kampass["ports"])
    assert "ports" not in database


def test_the_proxy_that_is_trusted_is_the_gateway_of_the_outside() -> None:
    composition = yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))
    (outside,) = composition["networks"]["outside"]["ipam"]["config"]
    trusted = composition["services"]["kampass"]["environment"]["KAMPASS_PROXY"]
    assert trusted == outside["gateway"]


def test_the_unit_is_hardened() -> None:
    service = unit("kampass.service")["Service"]
    assert {
        "NoNewPrivileges": "yes",
        "ProtectSystem": "strict",
        "StateDirectory": "kampass",
        "UMask": "0077",
        "TimeoutStopSec": "15",
    }.items() <= dict(service).items()
    assert unit("kampass-backup.service")["Service"]["UMask"] == "0077"
    assert unit("kampass-backup.timer")["Timer"]["OnCalendar"]


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="needs systemd-analyze")
def test_systemd_takes_the_units_and_finds_little_that_is_exposed(tmp_path: Path) -> None:
    for file in UNITS:
        text = file.read_text(encoding="utf-8").replace("/opt/kampass/bin/kampass", "/bin/true")
        (tmp_path / file.name).write_text(text, encoding="utf-8")
    files = sorted(tmp_path.iterdir())
    found = subprocess.run(
        ["systemd-analyze", "verify", *files], capture_output=True, text=True, check=False
    )
    assert (found.returncode, found.stderr) == (0, "")
    judged = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", tmp_path / "kampass.service"],
        capture_output=True,
        text=True,
        check=False,
    )
    (level,) = re.findall(r"Overall exposure level for kampass.service: ([\d.]+)", judged.stdout)
    assert float(level) < 2


def test_every_command_that_the_recipes_and_their_page_name_is_one_with_those_options() -> None:
    """Whatever follows `kampass` in a unit, the composition's page or the Dockerfile."""
    texts = [file.read_text(encoding="utf-8").replace("\\\n", " ") for file in UNITS]
    page = (ROOT / "docs" / "operating.md").read_text(encoding="utf-8")
    texts += re.findall(r"^```(?:sh)?\n(.*?)^```$", page, re.DOTALL | re.MULTILINE)
    entry, words = (stages()[1].command(word) for word in ("ENTRYPOINT", "CMD"))
    lines = [line for text in texts for line in text.splitlines()] + [" ".join([*entry, *words])]
    asked: dict[str, set[str]] = {}
    for line in lines:
        for verb, rest in re.findall(r"(?<![-\w])kampass (?!@)([a-z]+)\b([^&|;#]*)", line):
            asked.setdefault(verb, set()).update(re.findall(r"(?<!\S)--[a-z-]+", rest))
    assert {"serve", "backup", "verify", "init", "restore"} <= asked.keys()
    for verb, options in asked.items():
        shown = subprocess.run(
            [sys.executable, "-m", "kampass", verb, "--help"],
            capture_output=True,
            text=True,
            check=False,
            env=os.environ | {"COLUMNS": "200"},
        )
        assert shown.returncode == 0, verb
        assert not [option for option in options if option not in shown.stdout], verb


@pytest.mark.nightly
@pytest.mark.skipif(not Path(UV).is_file(), reason="needs uv")
def test_the_steps_of_the_recipe_build_an_installation_that_answers(tmp_path: Path) -> None:
    """Everything but the base images, the system's packages and the user: the first stage's
    commands in a folder, then the image's command, then its health check.
    """
    build, last = stages()
    here, home, data = tmp_path / "build", tmp_path / "kampass", tmp_path / "data"
    here.mkdir()
    for names, _ in build.copies:
        for name in names:
            _copy(ROOT / name, here / name)
    environment = os.environ | {"PATH": f"{Path(UV).parent}:{os.environ['PATH']}"}
    environment |= dict(pair.split("=") for pair in build.of("ENV")[0].split())
    environment.pop("UV_NO_CACHE")
    for step in build.of("RUN"):
        if "pip install --no-cache-dir" in step:
            continue  # uv itself, which is here
        words = step.replace("/opt/kampass", str(home))
        done = subprocess.run(
            ["sh", "-c", words],
            cwd=here,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{step}\n{done.stderr}"
    kampass = str(home / "bin" / last.command("ENTRYPOINT")[0])
    assert subprocess.check_output([kampass, "--version"], text=True).startswith("kampass 0.")
    subprocess.run([kampass, "init", str(data)], check=True, capture_output=True)
    _answers(kampass, data, last.command("CMD"), last.command("HEALTHCHECK"))


def _copy(source: Path, target: Path) -> None:
    """As the builder's ignore file has it: what pages load from elsewhere is fetched anew."""
    if not source.is_dir():
        shutil.copy(source, target)
        return
    left = shutil.ignore_patterns("__pycache__")
    fetched = str(ROOT / "src" / "kampass" / "web" / "static")
    shutil.copytree(
        source,
        target,
        ignore=lambda place, names: (
            left(place, names) | ({"vendor"} if place == fetched else set())
        ),
    )


def _answers(kampass: str, data: Path, command: list[str], check: list[str]) -> None:
    """The image's command answers its own health check, and ends in time when told to."""
    with closing(socket.socket()) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    words = [word.replace("/data", str(data)) for word in command]
    url = f"http://127.0.0.1:{port}"
    with subprocess.Popen(
        [kampass, *words, "--port", str(port), "--url", "https://kampass.example.com"],
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        with httpx.Client(transport=httpx.HTTPTransport(retries=9)) as client:
            assert client.get(f"{url}/health").text == "ok"
            assert client.get(f"{url}/ready").text == "ready"
        python = str(Path(kampass).with_name("python"))
        checked = [word.replace("8090", str(port)) for word in check[1:]]
        subprocess.run([python, *checked], check=True)
        process.send_signal(signal.SIGTERM)
        _, said = process.communicate(timeout=15)
    assert '"route": "/ready"' in said
