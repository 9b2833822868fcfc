"""Which probes are run: all of them on the server's own machine, the way to it from anywhere else."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import os
import platform
import resource
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from vtp.doctor import acme, machine, mail, plain, ports, relay, storage, web
from vtp.doctor.addresses import in_container, judge_announced
from vtp.doctor.certificate import judge_certificate, no_certificate, read_certificate
from vtp.doctor.finding import Finding, State, Topic, in_order
from vtp.doctor.firewall import judge_firewall, read_firewall
from vtp.doctor.nat import LOOKED_AT as NAT
from vtp.doctor.nat import Nat, explore, judge_nat
from vtp.doctor.probes import Probe, in_thread, run_probes
from vtp.doctor.reachability import (
    Door,
    judge_all_from_elsewhere,
    judge_reach,
    knock,
    try_without_server,
)
from vtp.doctor.running import NotRunning, RunningServer, ask_running, judge_counters, judge_running
from vtp.http.client import is_loopback_host
from vtp.http.listening import reaches_beyond_this_machine
from vtp.kernel_buffers import granted_buffers
from vtp.media.ice import Address, choose_addresses, interface_addresses
from vtp.operator_facts import settings_mark
from vtp.settings import Settings

STUN_SERVERS = ("stun.l.google.com:19302", "stun.cloudflare.com:3478")
NETWORK_LIMIT_S = 9.5
NAT_LIMIT_S = 5.5


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the command line asked for. `stun` empty: nobody outside is asked."""

    stun: Sequence[str] = STUN_SERVERS
    turn_secret: str = ""


async def examine_server(url: str) -> list[Finding]:
    """The way to a server from here: page, certificate, WebSocket, clock, and its media port."""

    async def media() -> list[Finding]:
        check = await web.ask_for_check(url)
        ice = check["ice_parameters"]
        candidates = [one for one in check["ice_candidates"] if one["protocol"] == "udp"]
        doors = [
            Door((one["address"], one["port"]), ice["usernameFragment"], ice["password"])
            for one in candidates
        ]
        by_tcp = [
            (one["address"], one["port"]) for one in check["ice_candidates"] if one["protocol"] == "tcp"
        ]
        tried, taken = await asyncio.gather(knock(doors), relay.try_tcp(by_tcp))
        found = [judge_reach(one, own=(), mapped="", from_here=False) for one in tried]
        return [*found, *judge_all_from_elsewhere(tried), relay.judge_tcp(taken)]

    probes = [
        Probe(Topic.MEDIA, f"Media of {url}", media, NETWORK_LIMIT_S),
        Probe(Topic.WEB, f"Pages at {url}", lambda: _web(url, compare_clocks=True), 10.0),
    ]
    if url.startswith("https://"):
        probes.append(
            Probe(Topic.WEB, f"Certificate of {url}", lambda: _certificate(url, self_made=True), 10.0)
        )
    elif not is_loopback_host(urlsplit(url).hostname or ""):
        probes.append(Probe(Topic.WEB, "Secure origin", _insecure, 1.0))
    return in_order(await run_probes(probes))


async def _insecure() -> list[Finding]:
    return [
        Finding(
            Topic.WEB,
            "Secure origin",
            State.WRONG,
            "Browsers give camera and microphone to https pages only.",
            "Open the server by its https address",
        )
    ]


async def examine_here(settings: Settings, wishes: Wishes) -> list[Finding]:
    """This machine, its settings, and the server on it, running or not."""
    running = await ask_running(settings.data_dir)
    checkup = _Checkup(settings, wishes, running)
    found = judge_running(running, settings_mark(settings))
    return in_order([*found, *await run_probes(checkup.probes())])


class _Checkup:
    """The probes of one examination, and what several of them need to know."""

    def __init__(self, settings: Settings, wishes: Wishes, running: RunningServer | NotRunning) -> None:
        self.settings = settings
        self.wishes = wishes
        self.running = running if isinstance(running, RunningServer) else None
        self.own = interface_addresses()
        http = settings.http
        self.this_machine_only = (
            settings.rooms.open or not reaches_beyond_this_machine(http.host)
        ) and not http.public_url
        self.outsiders = bool(http.public_url) and not is_loopback_host(
            urlsplit(http.public_url).hostname or ""
        )
        media = settings.media
        self.bound = choose_addresses(media.host, self.own)
        self.workers = media.workers or len(os.sched_getaffinity(0))

    @property
    def announced(self) -> list[str]:
        """The addresses that clients are told, once each."""
        if self.running is not None:
            return list(dict.fromkeys(door.address[0] for door in self.running.doors))
        return self.settings.media.announced_addresses or self.bound

    @property
    def media_needs(self) -> list[tuple[str, int]]:
        """Protocol and port, by which media comes."""
        protocols = ("udp", "tcp") if self.settings.media.tcp else ("udp",)
        return [(protocol, port) for port in self.media_ports for protocol in protocols]

    @property
    def media_ports(self) -> list[int]:
        if self.running is not None:
            return sorted({door.address[1] for door in self.running.doors})
        first = self.settings.media.udp_port
        return [first + number for number in range(self.workers)] if first else []

    def probes(self) -> list[Probe]:
        settings = self.settings
        found = [
            Probe(Topic.ADDRESSES, "Addresses that clients are told", self.look_at_addresses),
            Probe(Topic.MEDIA, "The media port", self.look_at_network, NETWORK_LIMIT_S),
            Probe(Topic.PORTS, "Ports", self.look_at_ports),
            Probe(Topic.PORTS, "Firewall of this machine", self.look_at_firewall),
            Probe(Topic.RELAY, "Ways around blocked UDP", self.look_at_relay, 7.0),
            Probe(Topic.WEB, "Secure origin", self.look_at_origin),
            Probe(Topic.WEB, mail.LOOKED_AT, self.look_at_mail, 8.0),
            Probe(Topic.DISK, "Data folder", self.look_at_disk, 8.0),
            Probe(Topic.DISK, "Database", self.look_at_database, 8.0),
            Probe(Topic.MACHINE, "Processor, kernel and limits", self.look_at_machine),
            Probe(Topic.MACHINE, "Codecs for recordings", self.look_at_codecs, 8.0),
            Probe(Topic.WEB, "This machine's clock", self.look_at_clock),
        ]
        if settings.http.tls == "acme":
            found.append(Probe(Topic.WEB, acme.LOOKED_AT, self.look_at_acme))
        if self.running is not None:
            found.append(Probe(Topic.SERVER, "Readiness", self.look_at_readiness))
        for url in self.urls():
            found.append(Probe(Topic.WEB, f"Pages at {url}", lambda url=url: _web(url), 10.0))  # type: ignore[misc]
            if url.startswith("https://"):
                self_made = settings.http.tls in ("auto", "acme")
                found.append(
                    Probe(
                        Topic.WEB,
                        f"Certificate of {url}",
                        lambda url=url, own=self_made: _certificate(url, self_made=own),  # type: ignore[misc]
                        10.0,
                    )
                )
        return found

    def urls(self) -> list[str]:
        """Where pages should open: the public address, and the server's own when there is no other."""
        if self.settings.http.public_url:
            return [self.settings.http.public_url]
        if self.running is None:
            return []
        if self.running.https_port:
            return [f"https://localhost:{self.running.https_port}"]
        return [f"http://localhost:{self.running.http_port}"]

    async def look_at_readiness(self) -> list[Finding]:
        assert self.running is not None
        ready = await web.try_ready(f"http://localhost:{self.running.http_port}")
        return [web.judge_ready(ready), judge_counters(self.running.counters)]

    async def look_at_addresses(self) -> list[Finding]:
        return judge_announced(
            self.announced,
            outsiders=self.outsiders,
            this_machine_only=self.this_machine_only,
            container=in_container(),
        )

    async def look_at_network(self) -> list[Finding]:
        """NAT first: what it maps to tells why an announced address is silent."""
        nat, found = await self.nat()
        mapped = nat.mapped[0] if nat is not None else ""
        if self.running is not None:
            tried = await knock(self.running.doors)
        else:
            usable = [
                one for one in self.media_ports if not ports.why_not_bindable("udp", self.bound[0], one)
            ]
            heard = await asyncio.gather(
                *(try_without_server(self.bound, port, self.announced) for port in usable)
            )
            tried = [one for of_port in heard for one in of_port]
        found += [judge_reach(one, own=self.own, mapped=mapped) for one in tried]
        if not tried:
            found.append(
                Finding(
                    Topic.MEDIA,
                    "The media port",
                    State.SKIPPED,
                    "There is no server and no free port to try it with.",
                )
            )
        return found

    async def nat(self) -> tuple[Nat | None, list[Finding]]:
        if not self.wishes.stun:
            reason = "Nobody outside is asked (--offline)."
            return None, [Finding(Topic.ADDRESSES, NAT, State.SKIPPED, reason)]
        local = self.settings.media.host if ":" not in self.settings.media.host else ""
        nat: Nat | None = None
        with contextlib.suppress(OSError):
            nat = await _within(NAT_LIMIT_S, local or "0.0.0.0", self.own, self.stun_servers())
        listed = ", ".join(str(port) for port in self.media_ports) or str(self.settings.media.udp_port)
        return nat, [judge_nat(nat, self.announced, self.own, listed, outsiders=self.outsiders)]

    def stun_servers(self) -> list[str]:
        own = [url for url in self.settings.media.ice_servers if url.startswith("stun:")]
        return [*own, *self.wishes.stun]

    async def look_at_ports(self) -> list[Finding]:
        http, running = self.settings.http, self.running
        host = "127.0.0.1" if self.settings.rooms.open or http.host == "localhost" else http.host or "0.0.0.0"
        http_port, https_port = (
            (running.http_port, running.https_port) if running else (http.port, http.tls_port)
        )
        wanted = [ports.Port("tcp", host, http_port, "http.port")]
        if running.https_port if running else http.tls != "off" and not self.this_machine_only:
            wanted.append(ports.Port("tcp", host, https_port, "http.tls_port"))
        wanted += [
            ports.Port(protocol, self.bound[0], port, "media.udp_port") for protocol, port in self.media_needs
        ]
        found = await in_thread(lambda: [self._port(port) for port in wanted if port.number])
        if self.settings.plain.port_range:
            host, numbers = self.settings.plain.host or self.bound[0], self.settings.plain.port_range
            found.append(await in_thread(lambda: plain.examine(host, numbers, running.pid if running else 0)))
        return found

    def _port(self, port: ports.Port) -> Finding:
        holders = ports.holders_of(port.protocol, port.number)
        refusal = ports.why_not_bindable(port.protocol, port.host, port.number)
        return ports.judge_port(port, holders, self.running.pid if self.running else 0, refusal)

    async def look_at_firewall(self) -> list[Finding]:
        running, http = self.running, self.settings.http
        https = running.https_port if running else http.tls_port if http.tls != "off" else 0
        needs = self.media_needs + ([("tcp", https)] if https else [])
        if given_out := self.settings.plain.port_range:  # rules name it whole: its ends tell
            needs += [("udp", number) for number in sorted({given_out[0], given_out[-1]})]
        return judge_firewall(await read_firewall(), needs, is_root=os.geteuid() == 0)

    async def look_at_relay(self) -> list[Finding]:
        doors: Sequence[Address] = self.running.tcp_doors if self.running is not None else ()
        found = [relay.judge_tcp(await relay.try_tcp(doors))]
        urls = self.settings.media.turn_urls
        secret = self.wishes.turn_secret or self.settings.media.turn_secret.get_secret_value()
        for url in urls:
            tried = await relay.try_relay(url, secret)
            found.append(relay.judge_relay(tried, has_secret=bool(secret)))
        return found if urls else [*found, relay.judge_no_relay()]

    async def look_at_origin(self) -> list[Finding]:
        return [web.judge_origin(self.settings.http, open_rooms=self.settings.rooms.open)]

    async def look_at_mail(self) -> list[Finding]:
        return [await mail.examine(self.settings.mail)]

    async def look_at_acme(self) -> list[Finding]:
        settings = self.settings
        return [await in_thread(lambda: acme.examine(settings, dt.datetime.now(dt.UTC)))]

    async def look_at_disk(self) -> list[Finding]:
        folder = await in_thread(lambda: storage.try_folder(self.settings.data_dir))
        return storage.judge_folder(folder, self.settings.recording.min_free_bytes)

    async def look_at_database(self) -> list[Finding]:
        tried = await storage.try_database(self.settings.database_url())
        return [storage.judge_database(tried, server_runs=self.running is not None)]

    async def look_at_machine(self) -> list[Finding]:
        media, running = self.settings.media, self.running
        asked = (media.receive_buffer_bytes, media.send_buffer_bytes)
        granted = (running.receive_buffer, running.send_buffer) if running else granted_buffers(*asked)
        files = running.open_files if running else resource.getrlimit(resource.RLIMIT_NOFILE)[0]
        flags = machine.read_cpu_flags(Path("/proc/cpuinfo").read_text())
        permitted = await in_thread(machine.may_run_in_real_time)
        segments = await in_thread(machine.can_segment)
        return [
            machine.judge_cipher(flags, machine.has_ipsec_mb(), platform.machine()),
            machine.judge_segmentation(segments, platform.release()),
            machine.judge_buffers(asked, granted),
            machine.judge_real_time(
                running.precedences if running else (), permitted, wanted=media.priority == "high"
            ),
            machine.judge_open_files(files),
            *machine.judge_size(machine.read_size(), self.workers),
        ]

    async def look_at_codecs(self) -> list[Finding]:
        return [machine.judge_codecs(await in_thread(machine.find_codecs))]

    async def look_at_clock(self) -> list[Finding]:
        return [machine.judge_clock(machine.read_clock())]


async def _within(limit_s: float, local: str, own: Sequence[str], servers: Sequence[str]) -> Nat | None:
    try:
        async with asyncio.timeout(limit_s):
            return await explore(local, own, servers)
    except TimeoutError:
        return None


async def _web(url: str, *, compare_clocks: bool = False) -> list[Finding]:
    tried = await web.try_web(url)
    found = web.judge_web(tried)
    return found + web.judge_skew(tried.date, dt.datetime.now(dt.UTC)) if compare_clocks else found


async def _certificate(url: str, *, self_made: bool) -> list[Finding]:
    try:
        served = await read_certificate(url)
    except (OSError, TimeoutError) as error:
        return [no_certificate(url, error)]
    return [judge_certificate(url, served, dt.datetime.now(dt.UTC), self_made=self_made)]
