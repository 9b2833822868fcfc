"""A file out of a form (`multipart/form-data`, RFC 7578), for those who upload with one."""

from email.message import Message
from email.parser import BytesParser
from email.policy import compat32

from vtp.http.errors import MalformedBody

FORM_TYPE = "multipart/form-data"


def file_of_form(content_type: str, body: bytes, name: str) -> bytes:
    """The bytes of the field `name`. Raises MalformedBody when there is none; may take a while for megabytes.

    `content_type`: the request's whole header field, which says where parts end.
    """
    head = b"Content-Type: " + content_type.encode("latin-1", "replace").replace(b"\n", b" ") + b"\r\n\r\n"
    form = BytesParser(policy=compat32).parsebytes(head + body)
    for part in form.get_payload() if form.is_multipart() else ():
        if isinstance(part, Message) and _name_of(part) == name:
            content = part.get_payload(decode=True)
            return content if isinstance(content, bytes) else b""
    raise MalformedBody(f"The form has no field {name!r} with the file.")


def _name_of(part: Message) -> str | None:
    found = part.get_param("name", header="content-disposition")
    return found if isinstance(found, str) else None
