"""Any of the services that Apprise (https://github.com/caronc/apprise) knows by its kind of address: an extra.

Apprise does not read what most providers answer, so its "sent" is not a receipt. It dials by itself: without leave
for the local network only services whose host stands in the kind of address itself are permitted.
"""

import importlib
import importlib.util
import logging
import queue
import threading
from types import ModuleType

from station.channels import codes, texts
from station.channels.base import Channel, Delivery, Result, mark
from station.channels.codes import Meaning
from station.channels.connect import Undeliverable
from station.vocabulary import N_

# Each of these has its host fixed in Apprise's source; one that takes a host from the address could be pointed inside.
FIXED_HOSTS = frozenset(("discord", "join", "pbul", "pover", "prowl", "pushplus", "sendgrid", "slack", "tgram", "wxpusher"))  # fmt: skip
MISSING = Meaning(
    "permanent",
    N_("Apprise is not installed on this machine"),
    N_("Install it next to the station as the manual tells (docs/channels.md)."),
)
HANDED_OVER = Meaning(
    "ok",
    N_("handed to Apprise; receipt not verified"),
    N_("Ask whether it arrived: Apprise says sent even where the provider refused."),
)
FAILED = Meaning("retry", N_("Apprise could not send it"), N_("Compare the address with Apprise's manual."))


def deliver(delivery: Delivery) -> Result:
    kind = delivery.destination.strip().partition("://")[0].lower()
    if kind.rstrip("s") not in FIXED_HOSTS and kind not in FIXED_HOSTS and not delivery.allow_private:
        raise Undeliverable(N_("this kind of Apprise address may lead anywhere and is not permitted"))
    if importlib.util.find_spec("apprise") is None:
        return codes.result(MISSING)
    # Apprise has no deadline for the whole of a talk; its thread is left behind when the time is over.
    answers: queue.SimpleQueue[Result] = queue.SimpleQueue()
    threading.Thread(target=_send, args=(delivery, answers), daemon=True).start()
    try:
        return answers.get(timeout=delivery.deadline.left())
    except queue.Empty:
        raise TimeoutError("Apprise took too long") from None


def _send(delivery: Delivery, answers: queue.SimpleQueue[Result]) -> None:
    # Both log addresses, which hold keys.
    logging.getLogger("apprise").disabled = True
    logging.getLogger("urllib3").setLevel(logging.CRITICAL)
    sent: bool | None = False
    try:
        sent = _notify(importlib.import_module("apprise"), delivery)
    finally:
        answers.put(codes.result(HANDED_OVER if sent else FAILED if sent is False else codes.BAD_TARGET))


def _notify(apprise: ModuleType, delivery: Delivery) -> bool | None:
    """True when Apprise says so, False when not, None when it does not know the address."""
    plugin = apprise.Apprise.instantiate(delivery.destination.strip(), suppress_exceptions=True)
    if plugin is None:
        return None
    plugin.request_rate_per_sec = 0  # else it waits seconds between messages
    plugin.socket_connect_timeout = plugin.socket_read_timeout = max(delivery.deadline.left() / 2, 0.1)
    message = delivery.message
    return bool(plugin.notify(title=mark(message) + message.title, body=texts.link_only(message)))


CHANNEL = Channel(
    deliver,
    required=(),
    optional=("deadline_s",),
    to="apprise",
    shared=False,
    verified=False,
)
