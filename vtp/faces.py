"""How the process is spoken to, over built services: routes, Socket.IO, and what is answered past them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from vtp.accounts.audit_routes import build_routes as audit_routes
from vtp.accounts.credential_routes import build_routes as credential_routes
from vtp.accounts.import_routes import build_routes as import_routes
from vtp.accounts.invitation_routes import build_routes as invitation_routes
from vtp.accounts.oidc.routes import build_routes as oidc_routes
from vtp.accounts.picture_routes import build_routes as picture_routes
from vtp.accounts.routes import build_routes as account_routes
from vtp.accounts.second_factor_routes import build_routes as second_factor_routes
from vtp.accounts.user_import import UserImport
from vtp.accounts.user_routes import build_routes as user_routes
from vtp.analytics.build import build_routes as analytics_routes
from vtp.course_files.build import build_routes as course_file_routes
from vtp.courses.build import build_routes as course_routes
from vtp.coursework.build import build_routes as coursework_routes
from vtp.errors import Unavailable
from vtp.home.routes import build_routes as home_routes
from vtp.home.service import Homes
from vtp.http.express import Source
from vtp.http.routing import RouteTable
from vtp.http.shown_path import MEDIA_BY_PATH
from vtp.http.system import Check, SystemParts, build_documentation, check_disk, run_checks
from vtp.http.system import build_routes as system_routes
from vtp.jobs.routes import build_routes as job_routes
from vtp.jobs.transcoding import Transcoding
from vtp.mail.routes import build_routes as mail_routes
from vtp.media.ice_servers import IceServers
from vtp.media.plane import MediaPlane
from vtp.notifications.push import shape_of
from vtp.notifications.routes import build_routes as notification_routes
from vtp.overview.routes import build_routes as overview_routes
from vtp.overview.service import Overview
from vtp.personal.routes import build_routes as personal_routes
from vtp.quizzes.build import build_routes as quiz_routes
from vtp.recording.admission import Admission
from vtp.recording.express import PREFIX as EXPRESS_PREFIX
from vtp.recording.express import ExpressMedia
from vtp.recording.passes import Passes
from vtp.recording.routes import build_routes as recording_routes
from vtp.rooms.ban_routes import build_routes as ban_routes
from vtp.rooms.chat_routes import build_routes as chat_routes
from vtp.rooms.connection_routes import build_routes as connection_routes
from vtp.rooms.connections import Connections
from vtp.rooms.link_routes import build_routes as link_routes
from vtp.rooms.poll_routes import build_routes as poll_routes
from vtp.rooms.removals import Removals
from vtp.rooms.routes import build_routes as room_routes
from vtp.services import Services
from vtp.signalling.check_routes import build_routes as check_routes
from vtp.signalling.features import Feature
from vtp.signalling.media_calls import MediaCalls
from vtp.signalling.parts.breakouts import BreakoutCalls
from vtp.signalling.parts.captions import CaptionCalls
from vtp.signalling.parts.chat import ChatCalls
from vtp.signalling.parts.direct_call import DirectCalls
from vtp.signalling.parts.hands import HandCalls
from vtp.signalling.parts.moderation import ModerationCalls
from vtp.signalling.parts.polls import PollCalls
from vtp.signalling.parts.quality import QualityCalls
from vtp.signalling.parts.reactions import ReactionCalls
from vtp.signalling.parts.removal import RemovalCalls
from vtp.signalling.parts.speakers import SpeakerCalls
from vtp.signalling.parts.stage import StageCalls
from vtp.signalling.parts.stream import StreamCalls
from vtp.signalling.routes import build_routes as signalling_routes
from vtp.signalling.sfu_routes import build_routes as sfu_routes
from vtp.signalling.socket_face import SocketFace, SocketParts
from vtp.streaming.edge_entry import EdgeEntrance
from vtp.streaming.edge_routes import build_routes as edge_routes
from vtp.streaming.express import PREFIX as LIVE_PREFIX
from vtp.streaming.express import ExpressLive
from vtp.streaming.live_routes import build_routes as live_routes
from vtp.streaming.routes import build_routes as stream_routes
from vtp.streaming.session_routes import build_routes as session_routes
from vtp.streaming.sessions import Sessions
from vtp.webhooks.routes import build_routes as webhook_routes


def build_sockets(services: Services) -> SocketFace:
    """The Socket.IO face over built services; who may not go on is disconnected at once."""
    authenticator = services.accounts.authenticator
    face = SocketFace(
        SocketParts(
            services.settings,
            services.rooms,
            authenticator.read,
            services.tasks,
            build_features(services),
            services.lobby,
        )
    )
    authenticator.add_listener(face.end_sessions)
    services.notifications.push.attach(
        lambda: face.people, lambda user_ids, news: face.tell_people(user_ids, "news", shape_of(news))
    )
    services.metrics.add_numbers(
        "vtp_signalling", "Socket.IO.", lambda: {"connections": face.connection_count}
    )
    return face


def build_features(services: Services) -> list[Feature]:
    """The parts of a class, in no order that matters: none knows another."""
    return [
        MediaCalls(IceServers(services.settings.media)),
        ModerationCalls(services.rooms),
        ChatCalls(services.chats),
        HandCalls(),
        PollCalls(services.polls),
        ReactionCalls(),
        StageCalls(),
        SpeakerCalls(),
        DirectCalls(),
        services.lobby,
        RemovalCalls(Removals(services.bans, services.accounts.audit), services.bans),
        BreakoutCalls(),
        QualityCalls(),
        CaptionCalls(),
        StreamCalls(services.streams, services.recording_parts.grants),
    ]


def build_sources(services: Services) -> dict[str, Source]:
    """What may be answered past the routes, by the path that it begins with."""
    parts = services.recording_parts
    streams, grants, holders = services.streams, parts.grants, parts.holders
    media = ExpressMedia(parts.recordings, Passes(grants, holders, parts.viewership, services.tasks))
    live = ExpressLive(streams, Passes(grants, holders, streams.sources.viewership, services.tasks))
    return {EXPRESS_PREFIX: media.read, MEDIA_BY_PATH: media.read, LIVE_PREFIX: live.read}


def build_tables(services: Services) -> list[RouteTable]:
    """Every route table of the process, the documentation of all others last."""
    settings, accounts, recording = services.settings, services.accounts, services.recording_parts
    admission = Admission(recording.recordings, recording.grants, recording.holders, recording.viewership)
    tables = [
        system_routes(SystemParts(settings, services.doors, services.metrics, _checks(services))),
        account_routes(
            accounts.service,
            accounts.administration,
            accounts.registration,
            accounts.own_sessions,
            accounts.reauthentication,
            accounts.devices,
        ),
        credential_routes(accounts.verification, accounts.recovery, accounts.devices),
        invitation_routes(accounts.invitations, accounts.devices),
        second_factor_routes(accounts.second_factor, accounts.reauthentication),
        oidc_routes(accounts.oidc, accounts.reauthentication, accounts.devices),
        import_routes(UserImport(services.database, accounts.users, accounts.audit)),
        user_routes(accounts.users),
        picture_routes(services.pictures),
        personal_routes(
            accounts.reauthentication,
            accounts.second_factor,
            services.personal.export,
            services.personal.erasure,
        ),
        audit_routes(accounts.trail),
        mail_routes(services.mails),
        overview_routes(_overview(services)),
        room_routes(services.rooms, services.live_rooms),
        link_routes(services.links),
        chat_routes(services.chats),
        poll_routes(services.polls),
        connection_routes(Connections(services.rooms)),
        ban_routes(services.bans),
        signalling_routes(
            services.live_rooms,
            services.entrance,
            services.rooms,
            settings,
            services.accounts.authenticator,
        ),
        recording_routes(recording),
        stream_routes(services.streams, recording.grants),
        live_routes(services.streams, recording.grants, recording.holders),
        edge_routes(
            recording.grants,
            recording.holders,
            recording.viewership,
            recording.access_log,
            EdgeEntrance(admission, services.streams, recording.grants),
        ),
        session_routes(
            Sessions(services.recordings, services.rooms, services.streams), services.recordings, admission
        ),
        job_routes(
            services.jobs.jobs,
            Transcoding(services.database, services.jobs.jobs, services.recordings, settings.jobs.ladder),
        ),
        webhook_routes(services.webhooks),
        course_file_routes(services.course_files),
        course_routes(services.courses),
        notification_routes(services.notifications),
        coursework_routes(services.coursework),
        quiz_routes(services.quizzes),
        home_routes(Homes(services.database)),
        analytics_routes(services.analytics),
        check_routes(services.checks, settings.media.ice_servers),
    ]
    if services.sfu is not None:
        tables.append(sfu_routes(services.sfu))
    return [*tables, build_documentation(tables, open_rooms=settings.rooms.open)]


def _overview(services: Services) -> Overview:
    checks = _checks(services)
    return Overview(
        services.settings,
        services.database,
        services.media,
        services.doors,
        lambda: run_checks(checks),
        services.count_classes,
    )


def _checks(services: Services) -> dict[str, Check]:
    """What `/ready` asks."""
    settings = services.settings
    return {
        "database": services.database.check,
        "media": _check_media(services.media),
        "disk": check_disk(settings.data_dir, settings.recording.min_free_bytes),
    }


def _check_media(media: MediaPlane) -> Callable[[], Awaitable[None]]:
    async def check() -> None:
        if not media.is_alive:
            raise Unavailable("The packet path has stopped; restart the server.")

    return check
