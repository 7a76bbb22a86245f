"""A message sent as the sender does it, to a web server, a robot or a mail server that a test holds."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from mailserver import MailServer
from provider import Provider

from station.channels.base import Outgoing, Result
from station.channels.registry import send

NOW = datetime(2026, 3, 8, 6, 30, tzinfo=UTC)
SECRET = "webhook-secret-7f3a"
KEY = "0f1e2d3c-robot-key"
PASSWORD = "mail-password-91"
MESSAGE = Outgoing(
    id="m-4711",
    incident="127",
    kind="ladder",
    title="有人扫了胸牌",
    text="胸牌 2210 刚被扫码，请接单。",
    url="https://station.test/a/9876",
    station="园丁社区防走失驿站",
    badge_number="2210",
    location={"lat": 43.8378, "lon": 126.5494, "accuracy_m": 30, "place": "江湾公园东门"},
    attempt=1,
    at=NOW - timedelta(seconds=2),
)
PATIENT = "8"
IMPATIENT = "0.2"

Deliver = Callable[..., Result]


@pytest.fixture
def provider() -> Iterator[Provider]:
    with Provider() as server:
        yield server


@pytest.fixture
def mailserver() -> Iterator[MailServer]:
    with MailServer() as server:
        yield server


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for localhost that signs itself, so it is its own CA file too."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    built = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(datetime(2020, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2120, 1, 1, tzinfo=UTC))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    secret = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path = tmp_path_factory.mktemp("tls") / "localhost.pem"
    path.write_bytes(secret + built.public_bytes(pem))
    return path


@pytest.fixture
def deliver(caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]) -> Iterator[Deliver]:
    """Send as the sender does, and see that neither result, log nor terminal tells a secret or an address."""
    caplog.set_level("DEBUG")
    private = {SECRET, KEY, PASSWORD, "wang@", "duty@", "127.0.0.1"}
    said: list[str] = []

    def attempt(
        kind: str, settings: dict[str, str], to: str, message: Outgoing = MESSAGE, **more: bool
    ) -> Result:
        result = send(kind, {"deadline_s": PATIENT} | settings, to, message, now=NOW, **more)
        said.append(result.detail)
        assert result.detail
        return result

    yield attempt
    told = " ".join([*said, caplog.text, *capfd.readouterr()])
    assert not [word for word in private if word in told]


@pytest.fixture
def hook(deliver: Deliver, provider: Provider) -> Deliver:
    """Send a webhook to the provider."""

    def attempt(message: Outgoing = MESSAGE, **settings: str) -> Result:
        return deliver(
            "webhook", {"secret": SECRET} | settings, f"{provider.url}/in", message, allow_private=True
        )

    return attempt


@pytest.fixture
def robot(deliver: Deliver, provider: Provider) -> Deliver:
    """Send to a WeCom robot behind the provider."""

    def attempt(message: Outgoing = MESSAGE, to: str = KEY, **settings: str) -> Result:
        return deliver("wecom_robot", {"base_url": provider.url} | settings, to, message, allow_private=True)

    return attempt


@pytest.fixture
def mail(deliver: Deliver, mailserver: MailServer) -> Deliver:
    """Send an e-mail through the mail server, without encryption."""

    def attempt(message: Outgoing = MESSAGE, to: str = "wang@mail.test", **settings: str) -> Result:
        usual = {"host": "127.0.0.1", "port": str(mailserver.port), "security": "plain"}
        return deliver("smtp", usual | {"sender": "duty@station.test"} | settings, to, message)

    return attempt
