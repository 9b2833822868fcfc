"""Keeps a certificate valid: orders and renews it, and puts it into the running TLS port."""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
import random
from collections.abc import Callable, Mapping
from dataclasses import replace

from vtp.http.acme.challenges import Challenges
from vtp.http.acme.failures import AcmeError, Fault
from vtp.http.acme.folder import AcmeFolder, OrderState, StoredCertificate, covers, read_chain
from vtp.http.acme.order import call, open_account, open_client, order_certificate
from vtp.http.acme.pace import MOST_S, renewal_due, wait_s
from vtp.http.acme.wish import CertificateWish
from vtp.http.tls import ServerTls, TlsFiles

logger = logging.getLogger(__name__)

LONGEST_SLEEP_S = 3600.0  # a machine that slept, or whose clock was set, is late by no more than this
SOON = dt.timedelta(days=7)
ASK_AGAIN = dt.timedelta(hours=6)  # RFC 9773 section 4.3.3, where the authority names no time
LONGEST_UNASKED = dt.timedelta(days=1)  # RFC 9773 section 4.3.3, whatever time it names
UNFORESEEN = AcmeError(Fault.REFUSED, "What happened is in the log.")  # paced as what helps itself least
NUMBERS_STANDING = ("next_attempt_timestamp_seconds", "failures_in_a_row")


def _is_before(now: dt.datetime, state: OrderState) -> bool:
    """Whether the next try is still to come; not after one that failed by a clock that was ahead."""
    put_right = dt.timedelta(seconds=LONGEST_SLEEP_S)  # by less than that a clock may go back: no wait is cut
    if state.failed_at > now + put_right:
        return False
    return now < state.next_at <= now + put_right + dt.timedelta(seconds=MOST_S)


class CertificateKeeper:
    """Serves one wish. `chance` gives numbers of 0 to 1, for the jitter."""

    def __init__(
        self,
        wish: CertificateWish,
        folder: AcmeFolder,
        tls: ServerTls,
        challenges: Challenges,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self.wish = wish
        self._folder = folder
        self._tls = tls
        self._challenges = challenges
        self._chance = chance
        self._state: OrderState | None = None
        self._suggested: dt.datetime | None = None
        self._ask_at = dt.datetime.fromtimestamp(0, dt.UTC)
        self._next_at = dt.datetime.fromtimestamp(0, dt.UTC)
        self._orders = 0
        self._failures = 0
        self._failures_in_a_row = 0
        self._unforeseen = 0
        self._unforeseen_in_a_row = 0

    async def run(self) -> None:
        """Keeps the certificate for ever, whatever happens in a step."""
        while True:
            self._next_at = await self._step_or_later(dt.datetime.now(dt.UTC))
            left_s = (self._next_at - dt.datetime.now(dt.UTC)).total_seconds()
            await asyncio.sleep(min(max(left_s, 1.0), LONGEST_SLEEP_S))

    async def _step_or_later(self, now: dt.datetime) -> dt.datetime:
        """A step; one that fails in a way that nobody thought of is made again, later each time."""
        try:
            next_at = await self.step(now)
        except Exception:  # to keep no certificate any more, until the next start, would be worse
            self._unforeseen += 1
            self._unforeseen_in_a_row += 1
            later_s = wait_s(UNFORESEEN, self._unforeseen_in_a_row, self._chance())
            next_at = now + dt.timedelta(seconds=later_s)
            logger.exception(
                "Looking after the certificate failed in a way that was not foreseen: please report it. The "
                "next try is at %s UTC.",
                f"{next_at:%Y-%m-%d %H:%M:%S}",
            )
            return next_at
        self._unforeseen_in_a_row = 0
        return next_at

    async def step(self, now: dt.datetime) -> dt.datetime:
        """Does what is due at `now`; gives the time of the next step."""
        if self._state is None:
            self._state = await asyncio.to_thread(self._folder.read_state)
        state = self._state
        certificate = await asyncio.to_thread(self._folder.read_certificate)
        if certificate is not None and self._suits(certificate, state):
            await self._ask_for_suggestion(certificate, now)
            due = renewal_due(certificate, self._suggested)
            if now < due:
                return min(due, self._ask_at)
        if state.mark == self.wish.mark and _is_before(now, state):
            self._say_that_it_waits(state)
            return state.next_at
        return await self._try_order(state, certificate, now)

    def numbers(self) -> Mapping[str, float]:
        """For the metrics."""
        return {
            "orders": self._orders,
            "failures": self._failures,
            "failures_in_a_row": self._failures_in_a_row,
            "unforeseen": self._unforeseen,
            "next_attempt_timestamp_seconds": self._next_at.timestamp(),
        }

    def _suits(self, certificate: StoredCertificate, state: OrderState) -> bool:
        return covers(certificate, self.wish.names) and state.directory == self.wish.directory

    async def _try_order(
        self, state: OrderState, certificate: StoredCertificate | None, now: dt.datetime
    ) -> dt.datetime:
        if state.mark != self.wish.mark:
            state = OrderState(self.wish.mark, state.directory, state.challenge)
        kind = self._challenge(state)
        self._orders += 1
        try:
            # At first, because a certificate that cannot be kept counts with the authority all the same.
            await asyncio.to_thread(self._folder.write_state, state)
            issued = await order_certificate(self.wish, self._folder, self._challenges, kind)
            new = await asyncio.to_thread(self._keep, issued.key_pem, issued.chain_pem)
        except AcmeError as failure:
            return await self._note_failure(failure, state, certificate, now)
        except OSError as error:
            words = f"{self._folder.path} cannot be written ({error.strerror or error}): make it writable."
            return await self._note_failure(AcmeError(Fault.REFUSED, words), state, certificate, now)
        self._failures_in_a_row = 0
        self._suggested, self._ask_at = None, now
        await self._remember(OrderState(self.wish.mark, self.wish.directory, kind))
        due = renewal_due(new, None)
        logger.info(
            "%s certified %s until %s; it is renewed from %s on.",
            self.wish.authority,
            ", ".join(self.wish.names),
            f"{new.not_after:%Y-%m-%d %H:%M} UTC",
            f"{due:%Y-%m-%d %H:%M}",
        )
        return min(due, now + ASK_AGAIN)

    def _challenge(self, state: OrderState) -> str:
        """What worked last, else each that may be tried in turn."""
        kinds = self.wish.challenges
        first = kinds.index(state.challenge) if state.challenge in kinds else 0
        return kinds[(first + state.failures) % len(kinds)]

    def _keep(self, key_pem: bytes, chain_pem: bytes) -> StoredCertificate:
        """Writes the new certificate and serves it. Raises AcmeError for one that is no use, OSError."""
        try:
            found = read_chain(self._folder.certificate_file, chain_pem)
        except ValueError as error:
            raise AcmeError(
                Fault.UNREACHABLE, f"{self.wish.authority} sent no certificate ({error})."
            ) from error
        if not covers(found, self.wish.names):
            names = ", ".join(sorted(found.names))
            raise AcmeError(Fault.REFUSED, f"{self.wish.authority} sent a certificate for {names}.")
        self._folder.write_certificate(key_pem, chain_pem)
        self._tls.serve(TlsFiles(found.path, found.path, self_made=False))
        return found

    async def _note_failure(
        self,
        failure: AcmeError,
        state: OrderState,
        certificate: StoredCertificate | None,
        now: dt.datetime,
    ) -> dt.datetime:
        failures = state.failures + 1
        self._failures += 1
        self._failures_in_a_row = failures
        next_at = now + dt.timedelta(seconds=wait_s(failure, failures, self._chance()))
        failed = replace(state, failures=failures, failed_at=now, next_at=next_at, error=failure.sentence)
        await self._remember(failed)
        pressing = certificate is None or certificate.not_after - now < SOON
        logger.log(
            logging.ERROR if pressing else logging.WARNING,
            "No certificate from %s: %s %s The next try is at %s.",
            self.wish.authority,
            failure.sentence,
            self._what_serves(certificate, now),
            f"{next_at:%Y-%m-%d %H:%M:%S} UTC",
        )
        return next_at

    def _what_serves(self, certificate: StoredCertificate | None, now: dt.datetime) -> str:
        if self._tls.files.self_made or certificate is None:
            return "The self-made certificate serves, of which browsers warn."
        state = "ran out" if certificate.not_after <= now else "is good until"
        return f"The present one {state} {certificate.not_after:%Y-%m-%d %H:%M} UTC."

    def _say_that_it_waits(self, state: OrderState) -> None:
        if self._failures_in_a_row == 0 and state.failures:
            self._failures_in_a_row = state.failures
            logger.warning(
                "The last order of a certificate failed: %s The next try is at %s; to try at once, remove "
                "%s and start again.",
                state.error,
                f"{state.next_at:%Y-%m-%d %H:%M:%S} UTC",
                self._folder.state_file,
            )

    async def _remember(self, state: OrderState) -> None:
        self._state = state
        try:
            await asyncio.to_thread(self._folder.write_state, state)
        except OSError as error:
            logger.error("%s cannot be written (%s).", self._folder.state_file, error)

    async def _ask_for_suggestion(self, certificate: StoredCertificate, now: dt.datetime) -> None:
        """Asks when the authority would renew (RFC 9773): sooner than usual if it has to revoke."""
        if now < self._ask_at <= now + LONGEST_UNASKED or certificate.not_after <= now:
            return
        self._ask_at = now + ASK_AGAIN
        try:
            account = await asyncio.to_thread(open_account, self._folder, self.wish.directory)
            client = await open_client(self.wish, account)
            try:
                self._suggested, again = await call(lambda: client.suggested_renewal(certificate.chain_pem))
            finally:
                client.close()
            self._ask_at = min(max(again, now + dt.timedelta(minutes=1)), now + LONGEST_UNASKED)
        except (AcmeError, OSError) as error:
            logger.info("%s did not say when to renew: %s", self.wish.authority, error)
