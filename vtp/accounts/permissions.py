"""Who may do what to what: one function, `can`, over one table.

The table says for each action how far each role reaches; everything it does not say is refused. Room tokens
and accounts that only watch narrow what the role grants, never widen it.
"""

import enum
from collections.abc import Hashable, Mapping
from typing import Final, Protocol, TypeGuard, cast

from vtp.errors import Forbidden
from vtp.http.identity import Principal, Role, second_factor_required


class Action(enum.StrEnum):
    """Everything that asks for a right, as `thing.verb`."""

    ROOM_CREATE = "room.create"
    ROOM_LIST = "room.list"
    ROOM_ENTER = "room.enter"
    ROOM_PUBLISH = "room.publish"
    ROOM_WATCH = "room.watch"
    ROOM_SPEAK = "room.speak"
    ROOM_CAMERA = "room.camera"
    ROOM_SHARE = "room.share"
    ROOM_CHAT = "room.chat"
    ROOM_MODERATE = "room.moderate"
    ROOM_APPOINT = "room.appoint"
    ROOM_INVITE = "room.invite"
    ROOM_UPDATE = "room.update"
    ROOM_DELETE = "room.delete"
    RECORDING_START = "recording.start"
    RECORDING_STOP = "recording.stop"
    RECORDING_LIST = "recording.list"
    RECORDING_VIEW = "recording.view"
    RECORDING_DOWNLOAD = "recording.download"
    RECORDING_UPDATE = "recording.update"
    RECORDING_ANNOTATE = "recording.annotate"
    RECORDING_SHARE = "recording.share"
    RECORDING_DELETE = "recording.delete"
    COURSE_CREATE = "course.create"
    COURSE_LIST = "course.list"
    COURSE_VIEW = "course.view"
    COURSE_TEACH = "course.teach"
    COURSE_ENROL = "course.enrol"
    COURSE_UPDATE = "course.update"
    COURSE_APPOINT = "course.appoint"
    COURSE_DELETE = "course.delete"
    WEBHOOK_MANAGE = "webhook.manage"
    USER_MANAGE = "user.manage"
    AUDIT_READ = "audit.read"
    USER_INVITE = "user.invite"
    INVITATION_MANAGE = "invitation.manage"
    SERVER_MANAGE = "server.manage"


class Target(Protocol):
    """What an action is done to: a room, or something that belongs to one (a recording)."""

    @property
    def room_id(self) -> str | None: ...
    @property
    def owner_id(self) -> str | None: ...


class Circle(enum.StrEnum):
    """For whom a room's settings open an action."""

    EVERYONE = "everyone"
    STAFF = "staff"
    TEACHERS = "teachers"


class Ruled(Protocol):
    """A room whose settings say for whom some actions are."""

    def circle(self, action: Action) -> Circle:
        """For whom this action is; EVERYONE for those that the settings do not speak of."""


class Reach(enum.Enum):
    """How far a role reaches with an action."""

    ANY = enum.auto()
    OWN = enum.auto()  # only what the person made


_ANY, _OWN = Reach.ANY, Reach.OWN
STAFF: Final = frozenset({Role.ADMIN, Role.TEACHER, Role.ASSISTANT})
_INSIDERS: Final[dict[Circle, frozenset[Role]]] = {
    Circle.EVERYONE: frozenset(Role),
    Circle.STAFF: STAFF,
    Circle.TEACHERS: frozenset({Role.ADMIN, Role.TEACHER}),
}


def _row(
    admin: Reach | None,
    teacher: Reach | None,
    assistant: Reach | None,
    student: Reach | None,
    guest: Reach | None,
) -> dict[Role, Reach]:
    reaches = zip(
        (Role.ADMIN, Role.TEACHER, Role.ASSISTANT, Role.STUDENT, Role.GUEST),
        (admin, teacher, assistant, student, guest),
        strict=True,
    )
    return {role: reach for role, reach in reaches if reach is not None}


# fmt: off
RULES: Final[dict[Action, dict[Role, Reach]]] = {
    #                               admin  teacher assistant student guest
    Action.ROOM_CREATE:        _row(_ANY,  _ANY,   None,     None,   None),
    Action.ROOM_LIST:          _row(_ANY,  _ANY,   _ANY,     _ANY,   None),
    Action.ROOM_ENTER:         _row(_ANY,  _ANY,   _ANY,     _ANY,   _ANY),
    Action.ROOM_PUBLISH:       _row(_ANY,  _ANY,   _ANY,     _ANY,   _ANY),
    Action.ROOM_WATCH:         _row(_ANY,  _ANY,   _ANY,     _ANY,   _ANY),
    Action.ROOM_SPEAK:         _row(_ANY,  _ANY,   _ANY,     _ANY,   _ANY),
    Action.ROOM_CAMERA:        _row(_ANY,  _ANY,   _ANY,     _ANY,   _ANY),
    Action.ROOM_SHARE:         _row(_ANY,  _ANY,   _ANY,     _ANY,   _ANY),
    Action.ROOM_CHAT:          _row(_ANY,  _ANY,   _ANY,     _ANY,   _ANY),
    Action.ROOM_MODERATE:      _row(_ANY,  _ANY,   _ANY,     None,   None),
    Action.ROOM_APPOINT:       _row(_ANY,  _ANY,   None,     None,   None),
    Action.ROOM_INVITE:        _row(_ANY,  _ANY,   _ANY,     None,   None),
    Action.ROOM_UPDATE:        _row(_ANY,  _OWN,   None,     None,   None),
    Action.ROOM_DELETE:        _row(_ANY,  _OWN,   None,     None,   None),
    Action.RECORDING_START:    _row(_ANY,  _ANY,   _ANY,     None,   None),
    Action.RECORDING_STOP:     _row(_ANY,  _ANY,   _ANY,     None,   None),
    Action.RECORDING_LIST:     _row(_ANY,  _ANY,   _ANY,     _ANY,   None),
    Action.RECORDING_VIEW:     _row(_ANY,  _ANY,   _ANY,     _ANY,   _ANY),
    Action.RECORDING_DOWNLOAD: _row(_ANY,  _ANY,   _ANY,     None,   _ANY),  # by a link that says so
    Action.RECORDING_UPDATE:   _row(_ANY,  _OWN,   None,     None,   None),
    Action.RECORDING_ANNOTATE: _row(_ANY,  _ANY,   _ANY,     None,   None),
    Action.RECORDING_SHARE:    _row(_ANY,  _OWN,   None,     None,   None),
    Action.RECORDING_DELETE:   _row(_ANY,  _OWN,   None,     None,   None),
    Action.COURSE_CREATE:      _row(_ANY,  _ANY,   None,     None,   None),
    Action.COURSE_LIST:        _row(_ANY,  _ANY,   _ANY,     _ANY,   None),
    # Below, by the role that somebody has in the course: vtp.courses.roles.
    Action.COURSE_VIEW:        _row(_ANY,  _ANY,   _ANY,     _ANY,   None),
    Action.COURSE_TEACH:       _row(_ANY,  _ANY,   _ANY,     None,   None),
    Action.COURSE_ENROL:       _row(_ANY,  _ANY,   _ANY,     None,   None),
    Action.COURSE_UPDATE:      _row(_ANY,  _ANY,   None,     None,   None),
    Action.COURSE_APPOINT:     _row(_ANY,  _ANY,   None,     None,   None),
    Action.COURSE_DELETE:      _row(_ANY,  _OWN,   None,     None,   None),
    Action.WEBHOOK_MANAGE:     _row(_ANY,  _OWN,   None,     None,   None),
    Action.USER_MANAGE:        _row(_ANY,  None,   None,     None,   None),
    Action.AUDIT_READ:         _row(_ANY,  None,   None,     None,   None),
    Action.USER_INVITE:        _row(_ANY,  _ANY,   None,     None,   None),
    Action.INVITATION_MANAGE:  _row(_ANY,  _OWN,   None,     None,   None),
    Action.SERVER_MANAGE:      _row(_ANY,  None,   None,     None,   None),
}
# fmt: on

# What a token for one room can open at all, and the flag of the token that each action needs.
_PUBLISHING: Final = frozenset(
    {Action.ROOM_PUBLISH, Action.ROOM_SPEAK, Action.ROOM_CAMERA, Action.ROOM_SHARE}
)
_WATCHING: Final = frozenset({Action.ROOM_WATCH, Action.ROOM_CHAT, Action.RECORDING_VIEW})
_ROOM_TOKEN_ACTIONS: Final = frozenset({Action.ROOM_ENTER}) | _PUBLISHING | _WATCHING
_SHARED: Final = frozenset({Action.RECORDING_VIEW})
_BROADER: Final[dict[Action, Action]] = dict.fromkeys(
    (Action.ROOM_SPEAK, Action.ROOM_CAMERA, Action.ROOM_SHARE), Action.ROOM_PUBLISH
)  # what is right only where the other is

OLD_ROLE_WORDS: Final[dict[str, Role]] = {
    "instructor": Role.TEACHER,
    "ta": Role.ASSISTANT,
    "viewer": Role.STUDENT,
    "observer": Role.STUDENT,
}
WATCH_ONLY_WORDS: Final = frozenset({"viewer", "observer"})


def parse_role(word: str) -> tuple[Role, bool]:
    """Reads a role as people write it, the older contract's words included.

    Gives the role and whether it only watches. Raises ValueError with a sentence for another word.
    """
    word = word.strip().lower()
    if word in OLD_ROLE_WORDS:
        return OLD_ROLE_WORDS[word], word in WATCH_ONLY_WORDS
    try:
        return Role(word), False
    except ValueError:
        known = ", ".join(role.value for role in Role if role is not Role.GUEST)
        raise ValueError(f"there is no such role; take one of {known}") from None


def can(principal: Principal, action: Action, obj: object | None = None) -> bool:
    """Tells whether this principal may do this to that; `obj` is None when there is no that (creating)."""
    if action is Action.RECORDING_VIEW and getattr(obj, "is_public", False):
        return True
    reach = _reach(principal, action)
    if reach is None:
        return False
    if not _within_token(principal, action, obj):
        return False
    if _is_closed_to(principal, action, obj):
        return False
    if action in _BROADER and not can(principal, _BROADER[action], obj):
        return False
    return reach is Reach.ANY or _owns(principal, obj)


def standing_of(principal: Principal) -> Hashable:
    """All that `can` looks at in a principal, but for whose things are theirs."""
    return (
        principal.role,
        principal.verified,
        principal.lacks_second_factor,
        principal.room,
        principal.publish,
        principal.watch,
        principal.recording,
        principal.download,
        principal.open_rooms,
    )


def require_reach(principal: Principal, action: Action) -> Reach:
    """How far a principal reaches with an action, for lists; raises Forbidden when nowhere."""
    reach = _reach(principal, action)
    if reach is None or principal.room is not None:
        require_verified(principal)
        raise _refusal(action)
    return reach


def _reach(principal: Principal, action: Action) -> Reach | None:
    """What the role allows; of who may do nothing (yet) nothing, whatever the role."""
    if not principal.verified or principal.lacks_second_factor:
        return None
    return RULES[action].get(principal.role)


def require(principal: Principal, action: Action, obj: object | None = None) -> None:
    """Raises Forbidden (403) with a sentence unless `can` says yes."""
    if can(principal, action, obj):
        return
    require_verified(principal)
    raise _refusal(action)


def require_verified(principal: Principal) -> None:
    """Raises Forbidden (403) for an account that nobody has verified yet."""
    if not principal.verified:
        raise Forbidden(
            "Your account is waiting for approval: ask an administrator to approve it, then try again.",
            code="account_not_verified",
        )
    if principal.lacks_second_factor:
        raise second_factor_required()


_WHY: Mapping[Action, str] = {
    Action.RECORDING_START: "A room is recorded by its staff, or by its teachers alone if they say so in "
    "its settings",
    Action.RECORDING_STOP: "A recording is ended by the staff of its room",
    Action.RECORDING_VIEW: "This recording is for those of its course or room; its teacher can let you in",
}


def _refusal(action: Action) -> Forbidden:
    why = _WHY.get(action, "Your account does not have the right to do this")
    return Forbidden(f"{why} ({action.value}).")


def _within_token(principal: Principal, action: Action, obj: object | None) -> bool:
    """Applies the limits of the token itself: its room, and what it may do there."""
    if principal.publish is False and action in _PUBLISHING:
        return False
    if principal.watch is False and action in _WATCHING:
        return False
    if principal.recording is not None:
        opened = {Action.RECORDING_VIEW, Action.RECORDING_DOWNLOAD} if principal.download else _SHARED
        return action in opened and getattr(obj, "id", None) == principal.recording
    if principal.room is None:
        return principal.role is not Role.GUEST  # a guest is somebody only within a link's room
    return action in _ROOM_TOKEN_ACTIONS and _is_target(obj) and obj.room_id == principal.room


def _is_target(obj: object | None) -> TypeGuard[Target]:
    """By `isinstance` of the Protocol it takes twenty times as long; a page of recordings asks 300 times."""
    return hasattr(obj, "room_id") and hasattr(obj, "owner_id")


def _is_closed_to(principal: Principal, action: Action, room: object | None) -> bool:
    """What a room's settings close; a token that grants publishing was given by staff, so it opens that."""
    if not hasattr(room, "circle"):
        return False
    circle = cast(Ruled, room).circle(action)
    if action in _PUBLISHING and principal.publish is True:
        return False
    return principal.role not in _INSIDERS[circle]


def _owns(principal: Principal, obj: object | None) -> bool:
    """Open rooms have no accounts: there, what nobody owns is everybody's."""
    if not _is_target(obj):
        return False
    if obj.owner_id is None:
        return principal.open_rooms
    return obj.owner_id == principal.user_id
