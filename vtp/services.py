"""Every service of the process, built once, in the order they need each other."""

from __future__ import annotations

from contextlib import AsyncExitStack
from dataclasses import dataclass

from vtp.accounts.build import Accounts
from vtp.accounts.pictures import Pictures
from vtp.accounts.services import ServiceAuthenticator
from vtp.analytics.build import AnalyticsParts
from vtp.building.classes import build_classes
from vtp.building.foundation import build_foundation
from vtp.building.personal import PersonalData, build_personal, build_pictures
from vtp.building.recordings import build_showing, build_taking, start_taking, tracks_to_erase
from vtp.building.sfu import build_sfu
from vtp.building.talking import build_talking, tell_others
from vtp.building.teaching import build_teaching
from vtp.course_files.build import CourseFileParts
from vtp.courses.build import CourseParts
from vtp.coursework.build import CourseworkParts
from vtp.db import Database
from vtp.doors import Doors
from vtp.http.identity import Authenticator, OpenDoor
from vtp.http.metrics import HttpMetrics
from vtp.jobs.build import JobParts
from vtp.mail.service import Mails
from vtp.media.plane import MediaPlane
from vtp.notifications.build import NotificationParts
from vtp.quizzes.build import QuizParts
from vtp.recording.retention import Retention
from vtp.recording.routes import RecordingParts
from vtp.recording.service import Recordings
from vtp.rooms.bans import Bans
from vtp.rooms.chat_service import Chats
from vtp.rooms.entrance import Entrance
from vtp.rooms.links import GuestLinks
from vtp.rooms.live import LiveRooms
from vtp.rooms.poll_service import Polls
from vtp.rooms.service import RoomService
from vtp.service_numbers import add_numbers
from vtp.settings import Settings
from vtp.signalling.connection_checks import ConnectionChecks
from vtp.signalling.parts.lobby import LobbyCalls
from vtp.signalling.sfu_face import SfuFace
from vtp.streaming.service import Streams
from vtp.tasks import Tasks
from vtp.webhooks.deliveries import Deliveries
from vtp.webhooks.service import Webhooks


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
    metrics: HttpMetrics
    sfu: SfuFace | None

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
    base = await build_foundation(settings, stack)
    classes = await build_classes(base)
    taking = await build_taking(base, classes)
    await tell_others(base, classes, taking)
    await start_taking(base, taking)
    talking = await build_talking(base, classes)
    showing = await build_showing(base, classes, taking, talking.polls)
    pictures = await build_pictures(base, taking)
    teaching = build_teaching(base, classes, taking, showing)
    files = (pictures.files, tracks_to_erase(base, taking), teaching.coursework.files)
    trims = [
        showing.parts.access_log.trim,
        pictures.files.sweep,
        *teaching.upkeep,
    ]
    personal = build_personal(base, pictures, files, trims)
    base.watch_other_processes()
    metrics = HttpMetrics()
    services = Services(
        settings=settings,
        database=base.database,
        accounts=base.accounts,
        media=classes.media,
        live_rooms=classes.live,
        rooms=classes.rooms,
        recordings=taking.recordings,
        recording_parts=showing.parts,
        streams=showing.streams,
        links=talking.links,
        chats=talking.chats,
        polls=talking.polls,
        bans=classes.bans,
        entrance=classes.entrance,
        lobby=LobbyCalls(classes.entrance),
        webhooks=talking.webhooks,
        deliveries=base.deliveries,
        doors=base.doors,
        tasks=base.tasks,
        checks=ConnectionChecks(classes.media, settings.limits.connection_checks_at_a_time),
        mails=Mails(base.database, base.accounts.mails, base.mail_sender, base.accounts.audit),
        pictures=pictures,
        personal=personal,
        jobs=taking.jobs,
        courses=teaching.courses,
        notifications=teaching.notifications,
        coursework=teaching.coursework,
        quizzes=teaching.quizzes,
        course_files=teaching.course_files,
        analytics=teaching.analytics,
        retention=teaching.retention,
        metrics=metrics,
        sfu=build_sfu(base, classes, metrics) if settings.sfu.enabled else None,
    )
    taking.jobs.start(base.tasks)
    add_numbers(services)
    return services
