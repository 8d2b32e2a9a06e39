"""The environment of the tool, of the local AWS and of its Lambdas: the same on every machine.

An allow-list: profiles, endpoints, config files, credentials and options of AWS tools, of Pulumi
and of Python stay outside. Proxies and certificates go along, since a task may need them to reach
the internet; what is on this machine never goes by a proxy.
"""

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

Environment = dict[str, str]

LOOPBACK = ("127.0.0.1", "localhost", "::1")
_ROOT = Path(__file__).parent.parent
_CLEAN = "BACKGROUND_TASKS_LOCAL"  # set: this process has been started anew
_MACHINE = ("PATH", "SYSTEMROOT", "TMPDIR")
_TERMINAL = ("HOME", "TERM", "COLUMNS", "LINES", "NO_COLOR", "TZ")
_PROXIES = ("http_proxy", "https_proxy", "all_proxy")
_CERTIFICATES = ("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")


def of_the_tool(caller: Mapping[str, str]) -> Environment:
    """What `python -m local` needs of its caller's environment."""
    return {
        **_named(caller, (*_MACHINE, *_TERMINAL)),
        **_way_to_the_internet(caller),
        "PYTHONUTF8": "1",
    }


def of_the_local_aws(caller: Mapping[str, str]) -> Environment:
    """What the local AWS and its Lambdas have beside their own variables.

    Text is UTF-8 and the time zone is UTC, as in Lambda (Lambda guide, "Defined runtime environment
    variables").
    """
    return {
        **_named(caller, _MACHINE),
        **_way_to_the_internet(caller),
        "LANG": "C.UTF-8",
        "LC_ALL": "C.UTF-8",
        "PYTHONUTF8": "1",
        "TZ": "UTC",
    }


@contextmanager
def inside(environment: Environment) -> Iterator[None]:
    """Runs the block with `environment` and nothing else."""
    before = dict(os.environ)
    _become(environment)
    try:
        yield
    finally:
        _become(before)


def restart() -> None:
    """Starts this process anew in an environment of its own, once.

    Some of the environment takes effect before the first line of a program: `PYTHONWARNINGS`,
    `PYTHONPATH`, `PYTHONUTF8`.
    """
    if _CLEAN in os.environ:
        del os.environ[_CLEAN]
        return
    environment = of_the_tool(os.environ) | {
        _CLEAN: "1",
        "PYTHONIOENCODING": getattr(sys.stdout, "encoding", None) or "utf-8",
        "PYTHONPATH": str(_ROOT),
    }
    os.execve(sys.executable, [sys.executable, "-m", "local", *sys.argv[1:]], environment)


def _become(environment: Mapping[str, str]) -> None:
    os.environ.clear()
    os.environ.update(environment)


def _named(caller: Mapping[str, str], names: tuple[str, ...]) -> Environment:
    return {name: caller[name] for name in names if caller.get(name)}


def _way_to_the_internet(caller: Mapping[str, str]) -> Environment:
    proxies = {name: url for name in _PROXIES if (url := _in_either_case(caller, name))}
    files = _named(caller, _CERTIFICATES)
    certificates = {name: path for name, path in files.items() if Path(path).exists()}
    exempt = [*_in_either_case(caller, "no_proxy").split(","), *LOOPBACK]
    proxies["no_proxy"] = ",".join(dict.fromkeys(host.strip() for host in exempt if host.strip()))
    in_capitals = {name.upper(): value for name, value in proxies.items()}
    return {**certificates, **proxies, **in_capitals}


def _in_either_case(caller: Mapping[str, str], name: str) -> str:
    """The value of a variable of which tools read either spelling; most prefer small letters."""
    return caller.get(name) or caller.get(name.upper()) or ""
