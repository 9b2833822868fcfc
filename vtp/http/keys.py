"""What the middleware notes on a request, under typed keys."""

from aiohttp import web

from vtp.http.client import Client
from vtp.http.identity import Principal

CLIENT = web.RequestKey("client", Client)
PRINCIPAL = web.RequestKey("principal", Principal)
REQUEST_ID = web.RequestKey("request_id", str)
