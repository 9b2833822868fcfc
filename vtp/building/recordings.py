"""Recordings: taken, kept, worked on by jobs, and who may play them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from vtp.accounts.sessions import is_signed_in
from vtp.accounts.users import User, find_user
from vtp.building.classes import Classes
from vtp.building.foundation import Foundation
from vtp.courses.audience import CourseAudience
from vtp.courses.quota_store import CourseBounds
from vtp.data_folder import instance_id
from vtp.db import Database
from vtp.jobs.build import JobParts, build_jobs
from vtp.jobs.store import tell_of_change
from vtp.key_files import open_key
from vtp.recording.access_log import AccessLog
from vtp.recording.captions import CaptionShelf
from vtp.recording.chapters import Chapters
from vtp.recording.erasure import TrackErasure
from vtp.recording.grants import Grants
from vtp.recording.holders import Holders
from vtp.recording.progress import WatchProgress
from vtp.recording.routes import RecordingParts
from vtp.recording.service import Recordings
from vtp.recording.shares import Shares
from vtp.recording.stored_tracks import StoredTracks
from vtp.rooms.poll_service import Polls
from vtp.storage import Store
from vtp.streaming.service import Streams
from vtp.streaming.watched import Watched
from vtp.streaming.windows import Windows


@dataclass(frozen=True, slots=True)
class Taking:
    """What takes recordings and keeps them: built third."""

    store: Store
    instance: str
    jobs: JobParts
    recordings: Recordings


async def build_taking(base: Foundation, classes: Classes) -> Taking:
    """Opens the store. `start_taking` goes on with what a stop of the server left."""
    settings, database = base.settings, base.database
    store = await asyncio.to_thread(Store.open, settings.storage_url())
    instance = await asyncio.to_thread(instance_id, settings.data_dir)
    audience = CourseAudience()
    jobs = await build_jobs(settings, database, store, instance, audience)
    base.stack.push_async_callback(jobs.jobs.close)
    recordings = Recordings(
        database,
        classes.live,
        classes.rooms,
        jobs.files,
        base.accounts.audit,
        settings.recording,
        jobs=jobs.jobs,
        instance_id=instance,
        audience=audience,
        bounds=CourseBounds(),
    )
    base.stack.push_async_callback(recordings.close)
    return Taking(store, instance, jobs, recordings)


async def start_taking(base: Foundation, taking: Taking) -> None:
    """Once all others who hear of recordings are named."""
    recordings, jobs = taking.recordings, taking.jobs.jobs
    recordings.add_listener(jobs.recording_changed)
    jobs.add_listener(recordings.playback.refresh)
    await recordings.start()
    base.tasks.start(recordings.quotas.run(), "quotas of recordings")
    base.tasks.start(recordings.removal.run(), "recordings to be deleted for good")


@dataclass(frozen=True, slots=True)
class Showing:
    """What shows recordings and streams to those who may see them."""

    streams: Streams
    parts: RecordingParts


async def build_showing(base: Foundation, classes: Classes, taking: Taking, polls: Polls) -> Showing:
    """Who reads the revocations of grants and links is named before it returns."""
    settings, database, accounts = base.settings, base.database, base.accounts
    recordings, guests = taking.recordings, accounts.authenticator.guests
    chapters = Chapters(database, recordings, polls.of, base.tasks)
    recordings.add_listener(chapters.recording_changed)
    grants = Grants(await asyncio.to_thread(_open_grants_key, settings.secrets_folder()))
    streams = Streams(
        recordings,
        classes.rooms,
        classes.live,
        classes.entrance.open,
        lambda ended: Windows(settings, taking.instance, recordings.active.slots, ended),
    )
    await streams.open()
    base.stack.push_async_callback(streams.close)
    holders = Holders(Watched(recordings, streams), _holder_finder(database), guests.is_revoked)
    accounts.authenticator.add_listener(holders.forget)
    streams.add_rights_listener(holders.forget)
    recordings.catalogue.add_access_listener(holders.forget)
    accounts.revocations.add_reader(recordings.catalogue.recall, outlasts_memory=True)
    shares = Shares(database, recordings, accounts.tokens, guests, accounts.audit)
    await shares.revoked.start()
    accounts.revocations.add_reader(shares.revoked.recall, outlasts_memory=True)
    access_log = AccessLog(database, recordings, settings.recording.access_log_keep_days)
    base.stack.push_async_callback(access_log.close)
    base.tasks.start(access_log.run(), "log of access to recordings")
    parts = RecordingParts(
        recordings,
        grants,
        holders,
        shares,
        access_log,
        WatchProgress(database, recordings),
        CaptionShelf(database, recordings),
        chapters,
        streams.sources.viewership,
    )
    return Showing(streams, parts)


def tracks_to_erase(base: Foundation, taking: Taking) -> TrackErasure:
    """The tracks of people, here and in the object store."""
    stored = StoredTracks(taking.jobs.remote) if taking.jobs.remote else None
    forget = taking.recordings.playback.forget
    return TrackErasure(base.database, taking.jobs.files, stored, forget, tell_of_change)


def _open_grants_key(folder: Path) -> bytes:
    return open_key(folder, "media.key", if_deleted="running players sign in again")


def _holder_finder(database: Database) -> Callable[[str, str], Awaitable[User | None]]:
    async def find_account(user_id: str, session_id: str) -> User | None:
        async with database.read() as tx:
            if session_id and not await is_signed_in(tx, user_id, session_id, datetime.now(UTC)):
                return None
            return await find_user(tx, user_id)

    return find_account
