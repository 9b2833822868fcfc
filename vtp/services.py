"""Every service of the process, built once, in the order they need each other."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from vtp.accounts.build import Accounts
from vtp.accounts.keys_watch import KeysWatch
from vtp.accounts.picture_files import PictureFiles
from vtp.accounts.pictures import Pictures
from vtp.accounts.services import ServiceAuthenticator
from vtp.accounts.sessions import is_signed_in
from vtp.accounts.users import User, find_user
from vtp.analytics.build import AnalyticsBase, AnalyticsParts
from vtp.analytics.past_store import watched_before
from vtp.analytics.presence import Presence
from vtp.course_files.build import CourseFileParts
from vtp.courses.audience import CourseAudience
from vtp.courses.build import CourseBase, CourseParts
from vtp.courses.carried_recordings import RecordingsToCarry
from vtp.courses.lesson_door import LessonDoor
from vtp.courses.quota_store import CourseBounds
from vtp.courses.revocations import CourseRevocations
from vtp.courses.terms import CourseFiling
from vtp.coursework.build import CourseworkBase, CourseworkParts
from vtp.coursework.file_bytes import FileBytes
from vtp.data_folder import instance_id
from vtp.db import Database
from vtp.doors import Doors
from vtp.http.identity import Authenticator, OpenDoor
from vtp.http.metrics import HttpMetrics
from vtp.jobs.build import JobParts, build_jobs
from vtp.jobs.store import tell_of_change
from vtp.key_files import open_key
from vtp.mail.sender import Sender as MailSender
from vtp.mail.service import Mails
from vtp.media.ice_servers import IceServers
from vtp.media.plane import MediaPlane, start_media
from vtp.notifications.build import NotificationBase, NotificationParts
from vtp.personal.erasure import Erasure, ErasureParts, Files
from vtp.personal.export import Export
from vtp.personal.upkeep import Upkeep
from vtp.quizzes.build import QuizParts
from vtp.recording.access_log import AccessLog
from vtp.recording.captions import CaptionShelf
from vtp.recording.chapters import Chapters
from vtp.recording.erasure import TrackErasure
from vtp.recording.grants import Grants
from vtp.recording.holders import Holders
from vtp.recording.progress import WatchProgress
from vtp.recording.retention import Retention
from vtp.recording.routes import RecordingParts
from vtp.recording.service import Recordings
from vtp.recording.shares import Shares
from vtp.recording.stored_tracks import StoredTracks
from vtp.recording.terms import Terms
from vtp.rooms.bans import Bans
from vtp.rooms.chat_service import Chats
from vtp.rooms.entrance import Entrance
from vtp.rooms.links import GuestLinks
from vtp.rooms.live import LiveRooms
from vtp.rooms.poll_service import Polls
from vtp.rooms.service import RoomService
from vtp.rooms.speaker_watch import SpeakerWatch
from vtp.service_numbers import add_numbers
from vtp.settings import Settings
from vtp.signalling.connection_checks import ConnectionChecks
from vtp.signalling.parts.lobby import LobbyCalls
from vtp.signalling.plain import PlainRtp
from vtp.signalling.sfu_face import SfuFace
from vtp.signalling.sfu_peers import SfuParts, SfuPeers
from vtp.storage import Store
from vtp.streaming.service import Streams
from vtp.streaming.watched import Watched
from vtp.streaming.windows import Windows
from vtp.tasks import Tasks
from vtp.webhooks.deliveries import Deliveries
from vtp.webhooks.policy import Policy
from vtp.webhooks.service import Webhooks
from vtp.webhooks.sources import Sources


@dataclass(frozen=True, slots=True)
class PersonalData:
    """What the server holds of people: taken away, erased, kept for as long as it may be."""

    export: Export
    erasure: Erasure
    upkeep: Upkeep


@dataclass(frozen=True, slots=True)
class Services:
    """What routes, the command line and tests of the whole server reach for."""

    settings: Settings
    database: Database
    accounts: Accounts
    media: MediaPlane
    live_rooms: LiveRooms
    rooms: RoomService
    recordings: Recordings
    recording_parts: RecordingParts
    streams: Streams
    links: GuestLinks
    chats: Chats
    polls: Polls
    bans: Bans
    entrance: Entrance
    lobby: LobbyCalls
    webhooks: Webhooks
    deliveries: Deliveries
    doors: Doors
    tasks: Tasks
    checks: ConnectionChecks
    mails: Mails
    pictures: Pictures
    personal: PersonalData
    jobs: JobParts
    courses: CourseParts
    notifications: NotificationParts
    coursework: CourseworkParts
    quizzes: QuizParts
    course_files: CourseFileParts
    analytics: AnalyticsParts
    retention: Retention
    metrics: HttpMetrics = field(default_factory=HttpMetrics)
    sfu: SfuFace | None = None

    @property
    def authenticator(self) -> Authenticator:
        """Tokens, and with open rooms everybody else too."""
        tokens = self.accounts.authenticator
        return OpenDoor(tokens) if self.settings.rooms.open else tokens

    @property
    def service_authenticator(self) -> Authenticator:
        """Who calls `/sfu`."""
        settings = self.settings
        return ServiceAuthenticator(
            self.accounts.tokens, settings.sfu.trusted_addresses, settings.http.public_url
        )

    def count_classes(self) -> int:
        """How many rooms have somebody in them: what a drain waits for."""
        return sum(room.participant_count > 0 for room in self.live_rooms.rooms)


async def build_services(settings: Settings, stack: AsyncExitStack) -> Services:
    """Opens and starts everything; what must be closed goes on `stack`. Raises StartupError."""
    doors, tasks = Doors(), Tasks()
    database = await Database.open(settings.database_url())
    stack.push_async_callback(database.close)
    accounts = await asyncio.to_thread(Accounts.build, database, settings, rotate_keys=True)
    stack.callback(accounts.close)
    stack.push_async_callback(accounts.finish)
    await accounts.start()
    stack.push_async_callback(tasks.close)
    mail_sender = MailSender(database, accounts.mails, settings.mail)
    tasks.start(mail_sender.run(), "mail")
    stack.push_async_callback(mail_sender.close)
    deliveries = Deliveries(database, Policy(settings.webhooks))
    stack.push_async_callback(deliveries.close)  # after rooms and recordings, whose ends it tells of
    presence = Presence(database)
    stack.push_async_callback(presence.close)  # likewise
    media = await start_media(settings)
    stack.push_async_callback(media.close)
    live_rooms = LiveRooms(media, settings, doors)
    stack.push_async_callback(live_rooms.close)
    tasks.start(SpeakerWatch(media, live_rooms).run(), "who speaks")
    await presence.finish_left_open()
    presence.attend(live_rooms)
    tasks.start(presence.run(), "who is in class")
    door = LessonDoor(database)
    rooms = RoomService(database, live_rooms, accounts.audit, open_rooms=settings.rooms.open, membership=door)
    bans = Bans(database, rooms, accounts.audit)
    entrance = Entrance(live_rooms, bans.read, door)
    store = await asyncio.to_thread(Store.open, settings.storage_url())
    instance = await asyncio.to_thread(instance_id, settings.data_dir)
    audience = CourseAudience()
    jobs = await build_jobs(settings, database, store, instance, audience)
    stack.push_async_callback(jobs.jobs.close)
    recordings = Recordings(
        database,
        live_rooms,
        rooms,
        jobs.files,
        accounts.audit,
        settings.recording,
        jobs=jobs.jobs,
        instance_id=instance,
        audience=audience,
        bounds=CourseBounds(),
    )
    stack.push_async_callback(recordings.close)
    sources = Sources(deliveries.outbox.put)
    live_rooms.add_listener(sources.live_changed)
    rooms.add_listener(sources.catalogue_changed)
    recordings.add_listener(sources.recording_changed)
    recordings.add_listener(jobs.jobs.recording_changed)
    jobs.jobs.add_listener(recordings.playback.refresh)
    await deliveries.open()
    await recordings.start()
    tasks.start(recordings.quotas.run(), "quotas of recordings")
    tasks.start(recordings.removal.run(), "recordings to be deleted for good")
    webhooks = Webhooks(database, rooms, deliveries, accounts.audit, settings.webhooks)
    guests = accounts.authenticator.guests
    links = GuestLinks(database, rooms, accounts.tokens, guests, accounts.audit)
    await links.revoked.start()
    accounts.revocations.add_reader(links.revoked.recall, outlasts_memory=True)
    tasks.start(accounts.revocations.watch(), "revocations by other processes")
    tasks.start(KeysWatch(accounts.tokens, settings.secrets_folder()).run(), "signing keys")
    limits = settings.limits
    chats = Chats(
        database,
        rooms,
        accounts.audit,
        most_messages=limits.chat_messages_per_10_seconds,
        most_kept=limits.chat_messages_per_room,
    )
    tasks.start(guests.watch(), "guests' terms")
    polls = Polls(database, rooms, live_rooms, tasks)
    await polls.start()
    stack.callback(polls.stop)
    chapters = Chapters(database, recordings, polls.of, tasks)
    recordings.add_listener(chapters.recording_changed)
    grants = Grants(await asyncio.to_thread(_open_grants_key, settings.secrets_folder()))
    streams = Streams(
        recordings,
        rooms,
        live_rooms,
        entrance.open,
        lambda ended: Windows(settings, instance, recordings.active.slots, ended),
    )
    await streams.open()
    stack.push_async_callback(streams.close)
    holders = Holders(Watched(recordings, streams), _holder_finder(database), guests.is_revoked)
    accounts.authenticator.add_listener(holders.forget)
    streams.add_rights_listener(holders.forget)
    recordings.catalogue.add_access_listener(holders.forget)
    accounts.revocations.add_reader(recordings.catalogue.recall, outlasts_memory=True)
    shares = Shares(database, recordings, accounts.tokens, guests, accounts.audit)
    await shares.revoked.start()
    accounts.revocations.add_reader(shares.revoked.recall, outlasts_memory=True)
    access_log = AccessLog(database, recordings, settings.recording.access_log_keep_days)
    stack.push_async_callback(access_log.close)
    tasks.start(access_log.run(), "log of access to recordings")
    pictures = Pictures(database, PictureFiles(database, store, jobs.remote, instance), accounts.audit)
    await pictures.files.start()
    stored = StoredTracks(jobs.remote) if jobs.remote else None
    tracks = TrackErasure(database, jobs.files, stored, recordings.playback.forget, tell_of_change)
    notifications = NotificationParts.build(
        NotificationBase(database, accounts.mails, accounts.links, accounts.sealer, tasks),
        settings.notifications,
    )
    notifications.start(tasks)
    kept_for = Terms(settings.recording.keep_days, CourseFiling())
    retention = Retention(
        database, recordings.trash, notifications.notifier, kept_for, settings.recording.trash_keep_days
    )
    tasks.start(retention.run(), "what recordings are kept for")
    accounts.revocations.add_reader(notifications.push.read)
    courses = CourseParts.build(
        CourseBase(
            database,
            accounts.audit,
            rooms,
            live_rooms,
            recordings,
            accounts.links,
            tasks,
            accounts.mails,
            settings.mail.sender,
            notifications,
        )
    )
    carried = RecordingsToCarry(
        database, jobs.files, recordings.disk, settings.recording, instance, recordings.tell_of_brought
    )
    courses.contents.recordings = carried
    courses.start(tasks)
    coursework = CourseworkParts.build(
        CourseworkBase(
            settings,
            database,
            FileBytes(store, jobs.remote, instance),
            accounts.audit,
            tasks,
            notifications.notifier,
            courses.contents,
            grants,
        )
    )
    quizzes = QuizParts.build(database, accounts.audit, courses.contents, notifications.notifier)
    coursework.book.quizzes = quizzes.book
    courses.courses.when_opened(coursework.teller.opened)
    courses.courses.when_opened(quizzes.teller.opened)
    coursework.start(tasks)
    progress = WatchProgress(database, recordings)
    analytics = AnalyticsParts.build(
        AnalyticsBase(
            database,
            recordings,
            progress,
            settings.analytics,
            presence,
            accounts.audit,
            tasks,
            accounts.links,
            notifications.notifier,
            rooms,
            lambda: sum(room.participant_count for room in live_rooms.rooms),
            courses.contents,
        )
    )
    courses.courses.watched_before = watched_before
    courses.narrowed.add_listener(holders.forget)
    accounts.revocations.add_reader(CourseRevocations(courses.narrowed.emit).read)
    upkeep = [
        access_log.trim,
        courses.places.fill,
        courses.lesson_rooms.complete,
        courses.lesson_recordings.sweep,
        courses.schedules.extend,
        notifications.service.trim,
        coursework.files.sweep,
        pictures.files.sweep,
        carried.sweep,
        quizzes.ending.finish_due,
        analytics.rollups.trim,
        analytics.alerts.look,
        analytics.usage.roll,
        analytics.anonymizer.look,
        presence.finish_left_open,
    ]
    personal = _build_personal(
        database, accounts, pictures, (pictures.files, tracks, coursework.files), settings, upkeep
    )
    tasks.start(personal.upkeep.run(), "personal data")
    services = Services(
        settings,
        database,
        accounts,
        media,
        live_rooms,
        rooms,
        recordings,
        RecordingParts(
            recordings,
            grants,
            holders,
            shares,
            access_log,
            progress,
            CaptionShelf(database, recordings),
            chapters,
            streams.sources.viewership,
        ),
        streams,
        links,
        chats,
        polls,
        bans,
        entrance,
        LobbyCalls(entrance),
        webhooks,
        deliveries,
        doors,
        tasks,
        ConnectionChecks(media, settings.limits.connection_checks_at_a_time),
        Mails(database, accounts.mails, mail_sender, accounts.audit),
        pictures,
        personal,
        jobs,
        courses,
        notifications,
        coursework,
        quizzes,
        CourseFileParts.build(settings, database, store, accounts.audit, courses.contents, grants),
        analytics,
        retention,
    )
    jobs.start(tasks)
    add_numbers(services)
    return replace(services, sfu=_build_sfu(services)) if settings.sfu.enabled else services


def _build_personal(
    database: Database,
    accounts: Accounts,
    pictures: Pictures,
    files: Sequence[Files],
    settings: Settings,
    trims: Sequence[Callable[[], Awaitable[object]]],
) -> PersonalData:
    erasure = Erasure(ErasureParts(database, tuple(files), accounts.changes, accounts.audit, accounts.sealer))
    export = Export(database, pictures, accounts.audit)
    keep_days = settings.accounts.audit_keep_days
    upkeep = Upkeep(accounts.service, accounts.trail, erasure, keep_days, trims)
    return PersonalData(export, erasure, upkeep)


def _open_grants_key(folder: Path) -> bytes:
    return open_key(folder, "media.key", if_deleted="running players sign in again")


def _account_finder(database: Database) -> Callable[[str], Awaitable[User | None]]:
    async def find_account(user_id: str) -> User | None:
        async with database.read() as tx:
            return await find_user(tx, user_id)

    return find_account


def _holder_finder(database: Database) -> Callable[[str, str], Awaitable[User | None]]:
    async def find_account(user_id: str, session_id: str) -> User | None:
        async with database.read() as tx:
            if session_id and not await is_signed_in(tx, user_id, session_id, datetime.now(UTC)):
                return None
            return await find_user(tx, user_id)

    return find_account


def _build_sfu(services: Services) -> SfuFace:
    """The REST service for server-side programs, over built services."""
    find_account = _account_finder(services.database)
    parts = SfuParts(services.live_rooms, services.entrance, services.rooms, services.doors, find_account)
    peers = SfuPeers(parts)
    services.accounts.authenticator.add_listener(peers.end_peers)
    services.tasks.start(peers.run(), "abandoned peers of services")
    services.metrics.add_numbers("vtp_sfu", "The service under /sfu.", lambda: {"peers": len(peers)})
    plain = PlainRtp(allow_private=services.settings.plain.allow_private_addresses)
    return SfuFace(peers, services.rooms, services.media, IceServers(services.settings.media), plain)
