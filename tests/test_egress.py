"""Which addresses may be fetched: every spelling of a bad one is refused, and nobody changes an address unseen."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Sequence

import pytest

from headway.egress import Address, Egress, Refused, Target, Unresolved, address_of, networks
from headway.errors import UsageError


def _judged(egress: Egress, text: str) -> str | None:
    against = egress.judge(ipaddress.ip_address(text))
    return against.reason if against else None


def _answers(*answers: Sequence[str]) -> tuple[Egress, list[str]]:
    """An egress whose resolver says this, then that."""
    left, asked = list(answers), []

    async def lookup(host: str, port: int) -> Sequence[str]:
        asked.append(host)
        return left.pop(0)

    return Egress(lookup=lookup), asked


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        ("169.254.169.254", "metadata"),
        ("169.254.170.2", "link_local"),
        ("169.254.0.1", "link_local"),
        ("fe80::1", "link_local"),
        ("fe80::1%2", "link_local"),
        ("fd00:ec2::254", "metadata"),
        ("fd20:ce::254", "metadata"),
        ("100.100.100.200", "metadata"),
        ("192.0.0.192", "metadata"),
        ("168.63.129.16", "metadata"),
        ("224.0.0.1", "multicast"),
        ("ff02::1", "multicast"),
        ("0.0.0.0", "unspecified"),
        ("0.1.2.3", "unspecified"),
        ("::", "unspecified"),
        ("255.255.255.255", "reserved"),
        ("240.0.0.1", "reserved"),
        ("64:ff9b:1::a9fe:a9fe", "reserved"),
    ],
)
def test_some_addresses_are_never_fetched(address: str, reason: str) -> None:
    """Link-local addresses, metadata services, multicast and the unspecified are refused, wherever private ones are
    not."""
    assert _judged(Egress(), address) == reason
    assert _judged(Egress(allow_private=False), address) == reason


@pytest.mark.parametrize(
    "address",
    [
        "::ffff:169.254.169.254",
        "::ffff:a9fe:a9fe",
        "::169.254.169.254",
        "64:ff9b::169.254.169.254",
        "2002:a9fe:a9fe::1",
        "2001:0:a9fe:a9fe::1",
        # Teredo hides the client's address by turning its bits round.
        "2001:0:808:808:0:ffff:5601:5601",
    ],
)
def test_an_ipv6_address_answers_for_the_ipv4_one_it_carries(address: str) -> None:
    """Mapped, compatible, NAT64, 6to4 and Teredo addresses are judged by what they lead to."""
    assert _judged(Egress(), address) == "metadata"


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        ("127.0.0.1", "loopback"),
        ("127.255.255.254", "loopback"),
        ("::1", "loopback"),
        ("::ffff:127.0.0.1", "loopback"),
        ("64:ff9b::7f00:1", "loopback"),
        ("10.0.0.1", "private"),
        ("172.31.255.255", "private"),
        ("192.168.1.1", "private"),
        ("100.64.0.1", "private"),
        ("fd12::1", "private"),
        ("2002:a00:1::", "private"),
    ],
)
def test_private_networks_are_a_setting(address: str, reason: str) -> None:
    """Loopback and private networks are allowed by default, and refused where only the internet is wished."""
    assert _judged(Egress(), address) is None
    assert _judged(Egress(allow_private=False), address) == reason


@pytest.mark.parametrize("address", ["8.8.8.8", "172.32.0.1", "100.128.0.1", "2606:4700::1111", "64:ff9b::808:808"])
def test_the_internet_is_always_allowed(address: str) -> None:
    """A public address is nobody's secret."""
    assert _judged(Egress(allow_private=False), address) is None


def test_what_is_named_is_allowed_and_what_is_denied_is_not() -> None:
    """`allow` opens what is refused otherwise, in any form; `deny` is stronger than everything."""
    egress = Egress(allow_private=False, allow=networks("169.254.7.0/24", "10.1.0.0/16"), deny=networks("10.1.2.0/24"))

    assert _judged(egress, "169.254.7.9") is None
    assert _judged(egress, "::ffff:169.254.7.9") is None
    assert _judged(egress, "169.254.8.9") == "link_local"
    assert _judged(egress, "10.1.1.1") is None
    assert _judged(egress, "10.1.2.3") == "denied"
    assert _judged(egress, "::ffff:10.1.2.3") == "denied"
    assert _judged(egress, "10.2.0.1") == "private"


def test_a_network_that_is_none_is_refused_with_a_sentence() -> None:
    """A setting is checked where it is read."""
    with pytest.raises(UsageError, match=r"write a network like 10\.0\.0\.0/8"):
        networks("10.0.0.0/33")


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1", "127.1", "127.0.1", "2130706433", "0x7f000001", "0x7f.1", "0X7F.0.0.1", "0177.0.0.1",
        "017700000001", "127.0.0.1.", "１２７.0.0.1", "127。0。0。1",
    ],
)  # fmt: skip
def test_every_spelling_of_an_address_is_understood(host: str) -> None:
    """Decimal, octal, hexadecimal, short and full-width spellings are the address they mean."""
    assert address_of(host) == ipaddress.ip_address("127.0.0.1")


@pytest.mark.parametrize(
    "host",
    ["", ".", "a..b", "256.1.1.1", "1.2.3.4.5", "09.0.0.1", "a b", "a\nb", "a%2eb", "a/b", "[::1", ":::",
     "é" * 300, "-a"],
)  # fmt: skip
def test_what_is_no_host_is_refused(host: str) -> None:
    """A host is an address or a name, and nothing a resolver would have to guess."""
    with pytest.raises(Refused):
        address_of(host)


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("ftp://a/", "scheme"),
        ("file:///etc/passwd", "scheme"),
        ("gopher://127.0.0.1:6379/_x", "scheme"),
        ("//a/", "scheme"),
        ("http:///x", "bad_url"),
        ("http://a:99999/", "bad_url"),
        ("http://a:0/", "bad_url"),
        ("http://user:word@a/", "credentials"),
        ("http://169.254.169.254@a/", "credentials"),
        ("http://a/\r\nX: y", "bad_url"),
        ("http://a\\@b/", "bad_url"),
        ("http://a b/", "bad_url"),
        ("http://[::1/", "bad_url"),
    ],
)
def test_what_is_no_url_to_fetch_is_refused(url: str, reason: str) -> None:
    """Only http and https, without credentials, and without characters by which two readers read two hosts."""
    with pytest.raises(Refused) as refused:
        Target.of(url)
    assert refused.value.reason == reason


def test_a_target_is_plain() -> None:
    """A URL becomes what is connected to and what is asked."""
    target = Target.of("HTTPS://Exämple.ORG/ä b?q=ö#part".replace(" ", "%20"))

    assert (target.scheme, target.host, target.port) == ("https", "xn--exmple-cua.org", 443)
    assert target.path == "/%C3%A4%20b?q=%C3%B6"
    assert str(Target.of("http://2130706433:8080")) == "http://127.0.0.1:8080/"
    assert Target.of("http://[::1]:81/").authority == "[::1]:81"


def test_a_reference_is_read_from_where_it_stands() -> None:
    """A redirect may be relative, and is judged like any URL."""
    base = Target.of("https://a.example/x/y?z")

    assert str(base.joined("w")) == "https://a.example/x/w"
    assert str(base.joined("//b.example/")) == "https://b.example/"
    assert base.joined("?k").origin == base.origin
    for bad in ("ftp://a/", "/a\nb", "http://[::1", "javascript:alert(1)"):
        with pytest.raises(Refused):
            base.joined(bad)


async def test_one_bad_address_refuses_the_name() -> None:
    """A name that stands for a good and a bad address is refused, and the sentence names the bad one."""
    egress, _ = _answers(["127.0.0.1", "169.254.169.254"])

    with pytest.raises(Refused, match=r"inside\.example stands for .*169\.254\.169\.254 is the metadata service") as no:
        await egress.addresses("inside.example", 80)
    assert no.value.reason == "metadata"


async def test_a_name_is_asked_once_and_the_connection_goes_to_what_was_judged() -> None:
    """A name that changes its mind after the check (DNS rebinding) is not asked again."""
    egress, asked = _answers(["127.0.0.1"], ["169.254.169.254"])
    server = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]

        addresses = await egress.addresses("rebinding.example", port)
        one, address = await egress.connect(addresses, port, 5)

        with one:
            assert one.getpeername() == ("127.0.0.1", port)
    assert str(address) == "127.0.0.1"
    assert asked == ["rebinding.example"]


async def test_connect_judges_once_more() -> None:
    """Nobody connects to an address that did not come from `addresses`."""
    bad: tuple[Address, ...] = (ipaddress.ip_address("169.254.169.254"),)

    with pytest.raises(Refused):
        await Egress().connect(bad, 80, 5)


async def test_the_next_address_is_tried_where_one_takes_no_connection() -> None:
    """One address that refuses does not stand for the name."""
    server = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        one, address = await Egress().connect([ipaddress.ip_address(a) for a in ("127.0.0.2", "127.0.0.1")], port, 5)
        one.close()

    assert str(address) == "127.0.0.1"


async def test_nobody_there_is_the_system_s_error() -> None:
    """What the last address said is raised."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(ConnectionRefusedError):
        await Egress().connect([ipaddress.ip_address("127.0.0.1")], port, 5)


@pytest.mark.parametrize(
    ("error", "temporary"),
    [
        (socket.gaierror(socket.EAI_NONAME, "unknown"), False),
        (socket.gaierror(socket.EAI_AGAIN, "try again"), True),
        (OSError("no file left"), True),
        (UnicodeError("label too long"), True),
    ],
)
async def test_a_name_that_stands_for_nothing_is_unresolved(error: Exception, temporary: bool) -> None:
    """Whether nobody has the name or nobody could be asked, it is a sentence with the name in it."""

    async def lookup(host: str, port: int) -> Sequence[str]:
        raise error

    with pytest.raises(Unresolved, match=r"nothing\.example") as unresolved:
        await Egress(lookup=lookup).addresses("nothing.example", 80)
    assert unresolved.value.temporary is temporary


async def test_a_name_without_addresses_is_unresolved() -> None:
    """An empty answer is no way out of the rules."""
    egress, _ = _answers([])

    with pytest.raises(Unresolved):
        await egress.addresses("nothing.example", 80)


async def test_the_system_s_names_are_known() -> None:
    """`localhost` is found as the machine finds it."""
    found = await Egress().addresses("localhost", 80)

    assert set(map(str, found)) <= {"127.0.0.1", "::1"}
    with pytest.raises(Refused, match="this machine itself"):
        await Egress(allow_private=False).addresses("localhost", 80)
