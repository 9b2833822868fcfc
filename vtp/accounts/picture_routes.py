"""Profile pictures over HTTP."""

from aiohttp import web

from vtp.accounts.pictures import Pictures
from vtp.accounts.portraits import ACCEPTED, MAX_BYTES, TYPE
from vtp.accounts.replies import origin_of
from vtp.accounts.schemas import ProfileReply
from vtp.http.etags import etag_of, matches_none
from vtp.http.routing import Call, RouteTable

CACHING = "private, max-age=300"  # another picture has another address: see User.picture_url


def build_routes(pictures: Pictures) -> RouteTable:
    """Declares putting, removing and reading pictures."""
    table = RouteTable("pictures", "Profile pictures.")

    @table.put(
        "/api/v1/auth/profile/picture",
        raw_body=ACCEPTED,
        max_body_bytes=MAX_BYTES,
        reply=ProfileReply,
        summary="Put one's own picture",
        description="JPEG, PNG or WebP; its middle is kept as a square of 256 pixels, without metadata.",
        errors=(403,),
    )
    async def put_picture(call: Call) -> ProfileReply:
        return ProfileReply.of(await pictures.put(call.principal, call.raw, origin_of(call)))

    @table.delete(
        "/api/v1/auth/profile/picture", status=204, summary="Remove one's own picture", errors=(403,)
    )
    async def remove_picture(call: Call) -> web.StreamResponse | None:
        await pictures.remove(call.principal, origin_of(call))
        return None

    @table.get(
        "/api/v1/users/{user_id}/picture",
        reply_types=TYPE,
        summary="Read somebody's picture",
        also=(304,),
        errors=(403, 404),
    )
    async def read_picture(call: Call) -> web.StreamResponse:
        key = await pictures.named(call.principal, call.path["user_id"])
        headers = {
            "ETag": etag_of(key),
            "Cache-Control": CACHING,
            "X-Content-Type-Options": "nosniff",
            "Content-Disposition": 'inline; filename="picture.jpg"',
        }
        if matches_none(call.request, headers["ETag"]):
            return web.Response(status=304, headers=headers)
        data = await pictures.read(key)
        return web.Response(body=data, content_type=TYPE, headers=headers)

    return table
