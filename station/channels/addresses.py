"""Which network addresses a message may go to.

A webhook address is typed by a person, so it could point at the station's own network or at a cloud's
metadata service. Names are looked up once and the address found is the one connected to: a name that
changes its answer between check and connection (DNS rebinding) gains nothing.
"""

from collections.abc import Callable
from ipaddress import IPv4Address, IPv6Address, ip_network

IPAddress = IPv4Address | IPv6Address
Permission = Callable[[IPAddress], bool]

# IANA has given out this block alone for global unicast. Everything that wraps an IPv4 address outside it
# (mapped ::ffff:0:0/96, compatible ::/96, NAT64 64:ff9b::/96) is refused by asking for it.
_GLOBAL_UNICAST_6 = ip_network("2000::/3")

# Special-purpose blocks (IANA registries of RFC 6890) that `is_global` of some supported Python calls global.
_SPECIAL = tuple(
    ip_network(block) for block in ("192.0.0.0/24", "192.88.99.0/24", "2001::/23", "2002::/16", "3fff::/20")
)


def public(address: IPAddress) -> bool:
    """Tell whether this is an ordinary address of the public internet."""
    if address.version == 6 and address not in _GLOBAL_UNICAST_6:
        return False
    if address.is_multicast or any(address in block for block in _SPECIAL):
        return False
    return address.is_global


def local_too(address: IPAddress) -> bool:
    """Tell whether this is a public or private address, or this machine.

    Link-local addresses stay refused: that is where clouds keep their metadata service.
    """
    loopback = address.is_loopback
    odd = address.is_multicast or address.is_unspecified or address.is_link_local or address.is_reserved
    mapped = address.version == 6 and address.ipv4_mapped is not None
    return loopback or (address.is_private and not odd and not mapped) or _shared(address) or public(address)


def anywhere(_address: IPAddress) -> bool:
    """Permit every address, for servers that the operator alone chooses."""
    return True


def _shared(address: IPAddress) -> bool:
    """Tell whether this is carrier-grade NAT space (RFC 6598), where a station's own router may stand."""
    return address.version == 4 and address in ip_network("100.64.0.0/10")
