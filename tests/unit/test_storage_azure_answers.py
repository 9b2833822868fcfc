"""What Azure says of objects that are not there: in batches less than elsewhere, and clear all the same."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator

import pytest
from aiohttp import web

from vtp.settings import StorageSettings
from vtp.storage import RemoteStore, StoreAway

BATCH = "batchresponse_66925647"
PART = (
    f"--{BATCH}",
    "Content-Type: application/http",
    "Content-ID: 0",
    "",
    "HTTP/1.1 404 The specified blob does not exist.",
    "x-ms-error-code: BlobNotFound",
    "x-ms-version: 2018-11-09",
    "",
    "",
    f"--{BATCH}--",
    "",
)


class Azure:
    """Answers as Azure does; `code` is what it says of any object that is asked for."""

    code = "BlobNotFound"

    async def answer(self, request: web.Request) -> web.Response:
        if request.query.get("comp") == "batch":
            kind = {"Content-Type": f"multipart/mixed; boundary={BATCH}"}
            return web.Response(status=202, body="\r\n".join(PART).encode(), headers=kind)
        said = f"<Error><Code>{self.code}</Code><Message>It is not there.</Message></Error>"
        return web.Response(status=404, text=said, headers={"x-ms-error-code": self.code})


@pytest.fixture
async def azure() -> AsyncIterator[tuple[Azure, RemoteStore]]:
    server, app = Azure(), web.Application()
    app.router.add_route("*", "/{any:.*}", server.answer)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    wish = {
        "url": "az://school/vtp",
        "endpoint": f"http://{host}:{port}/account",
        "access_key_id": "account",
        "secret_access_key": base64.b64encode(b"k" * 32).decode(),
    }
    try:
        yield server, RemoteStore.open(StorageSettings.model_validate(wish))
    finally:
        await runner.cleanup()


async def test_deleting_an_object_that_is_not_there_is_done(azure: tuple[Azure, RemoteStore]) -> None:
    await azure[1].remove("coursework/aa/x")


async def test_object_whose_container_is_not_there_is_not_taken_as_deleted(
    azure: tuple[Azure, RemoteStore],
) -> None:
    azure[0].code = "ContainerNotFound"
    with pytest.raises(StoreAway, match="no bucket"):
        await azure[1].remove("coursework/aa/x")
