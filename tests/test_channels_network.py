"""A message goes where its address says and nowhere else: no inner address, no redirect, no false certificate."""

import os
import subprocess
import sys
import time
from ipaddress import ip_address
from pathlib import Path

import pytest
from provider import Provider, drip_headers, hang, redirect, swallow
from sending import IMPATIENT, SECRET, Deliver, certificate, deliver, hook, provider

from station.channels import addresses
from station.channels.base import Result

__all__ = ["certificate", "deliver", "hook", "provider"]


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirect_is_refused(hook: Deliver, provider: Provider, status: int) -> None:
    with Provider() as elsewhere:
        provider.script(redirect(elsewhere.url, status))
        assert hook().outcome == "permanent"
        assert elsewhere.connections == 0


def test_proxies_of_the_environment_are_not_used(
    hook: Deliver, provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Provider() as proxy:
        for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.url)
        monkeypatch.delenv("no_proxy", raising=False)
        assert hook().outcome == "ok"
        assert (proxy.connections, provider.connections) == (0, 1)


INSIDE = [
    "127.0.0.1", "127.1", "2130706433", "0x7f000001", "017700000001", "localhost", "[::1]", "[::ffff:127.0.0.1]",
    "[0:0:0:0:0:ffff:7f00:1]", "[::7f00:1]", "[64:ff9b::7f00:1]", "[2002:7f00:1::]", "0.0.0.0", "[::]", "0",
    "10.0.0.1", "172.16.0.1", "192.168.1.1", "100.64.0.1", "169.254.169.254", "2852039166", "[fe80::1]", "[fc00::1]",
    "[fd00:ec2::254]", "[::ffff:10.0.0.1]", "[::ffff:169.254.169.254]", "224.0.0.1", "[ff02::1]", "255.255.255.255",
    "240.0.0.1", "192.0.2.1", "198.18.0.1",
]  # fmt: skip


@pytest.mark.parametrize("host", INSIDE)
def test_webhook_cannot_reach_into_the_network(deliver: Deliver, provider: Provider, host: str) -> None:
    result = deliver("webhook", {"secret": SECRET}, f"https://{host}:{provider.port}/")
    assert result == Result(
        "permanent", detail="the address leads into a local network, where nothing is sent"
    )
    assert provider.connections == 0


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "2130706433"])
def test_local_network_is_open_where_the_operator_says_so(
    deliver: Deliver, provider: Provider, host: str
) -> None:
    url = f"http://{host}:{provider.port}/in?x=1&y=一"
    assert deliver("webhook", {"secret": SECRET}, url, allow_private=True).outcome == "ok"
    assert provider.requests[0].path == "/in?x=1&y=%E4%B8%80"
    assert provider.requests[0].headers["host"] == f"{host}:{provider.port}"


@pytest.mark.parametrize(
    "host",
    ["169.254.169.254", "[fe80::1]", "0.0.0.0", "[::]", "224.0.0.1", "255.255.255.255", "[::ffff:127.0.0.1]"],
)
def test_metadata_and_group_addresses_stay_closed_even_then(
    deliver: Deliver, provider: Provider, host: str
) -> None:
    url = f"http://{host}:{provider.port}/"
    assert deliver("webhook", {"secret": SECRET}, url, allow_private=True).outcome == "permanent"
    assert provider.connections == 0


@pytest.mark.parametrize("address", ["8.8.8.8", "223.5.5.5", "2400:3200::1", "2606:4700:4700::1111"])
def test_ordinary_addresses_are_open(address: str) -> None:
    assert addresses.public(ip_address(address))
    assert addresses.local_too(ip_address(address))


@pytest.mark.parametrize("address", ["10.1.2.3", "192.168.0.9", "100.64.3.4", "127.0.0.1", "::1", "fd12::1"])
def test_private_addresses_are_local(address: str) -> None:
    assert addresses.local_too(ip_address(address))
    assert not addresses.public(ip_address(address))


def test_name_is_looked_up_once_so_that_it_cannot_change_in_between(provider: Provider) -> None:
    # Audit hooks cannot be taken away again, so this runs in a process of its own.
    script = """if True:
        import sys, datetime
        from station.channels.registry import send
        from sending import MESSAGE
        found = []
        sys.addaudithook(lambda event, args: found.append(args[0]) if event == "socket.getaddrinfo" else None)
        now = datetime.datetime.fromtimestamp(0, datetime.UTC)
        print(send("webhook", {"secret": "s"}, sys.argv[1], MESSAGE, now=now, allow_private=True).outcome, *found)
    """
    url = f"http://localhost:{provider.port}/"
    paths = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    ran = subprocess.run(
        [sys.executable, "-c", script, url], capture_output=True, text=True, env=paths, check=True
    )
    assert ran.stdout.split() == ["ok", "localhost"]


@pytest.mark.parametrize(
    "url",
    [
        "", "station", "https://", "ftp://example.com:21/", "file:///etc/passwd", "https://exa mple.com/",
        "https://[::1/", "https://a..b/", "https://example.com:99999/", "https://example.com:x/", "//example.com/",
        "https://wang:pw@example.com/", "https://example.com\x00.test/", "javascript:alert(1)", "https://%31/",
        "https://[fe80::1%25eth0]/", f"https://{'a' * 300}.test/",
    ],
)  # fmt: skip
def test_what_is_no_web_address_is_refused(deliver: Deliver, url: str) -> None:
    assert deliver("webhook", {"secret": SECRET}, url, allow_private=True).outcome == "permanent"


def test_plain_http_does_not_leave_the_local_network(deliver: Deliver) -> None:
    result = deliver("webhook", {"secret": SECRET}, "http://example.com/")
    assert result == Result("permanent", detail="the web address must begin with https://")


def test_https_checks_the_name_and_not_the_address(deliver: Deliver, certificate: Path) -> None:
    settings = {"secret": SECRET, "ca_file": str(certificate)}
    with Provider(certificate) as secure:
        named = deliver("webhook", settings, f"https://localhost:{secure.port}/", allow_private=True)
        bare = deliver("webhook", settings, f"https://127.0.0.1:{secure.port}/", allow_private=True)
        assert named.outcome == "ok"
        assert bare == Result("retry", detail="the server's certificate is not valid for its address")
        assert [(r.server_name, r.headers["host"]) for r in secure.requests] == [
            ("localhost", f"localhost:{secure.port}")
        ]


def test_unknown_certificate_is_not_trusted(deliver: Deliver, certificate: Path) -> None:
    with Provider(certificate) as secure:
        url = f"https://localhost:{secure.port}/"
        assert deliver("webhook", {"secret": SECRET}, url, allow_private=True).outcome == "retry"
        assert not secure.requests


def test_https_keeps_the_deadline_too(deliver: Deliver, certificate: Path) -> None:
    settings = {"secret": SECRET, "ca_file": str(certificate), "deadline_s": IMPATIENT}
    with Provider(certificate) as secure, Provider() as silent:
        secure.script(drip_headers(), swallow())
        silent.script(hang())  # never answers the handshake
        began = time.monotonic()
        for port in (secure.port, secure.port, silent.port):
            url = f"https://localhost:{port}/"
            assert deliver("webhook", settings, url, allow_private=True).outcome == "retry"
        assert time.monotonic() - began < 15
