"""What the middleware notes on a request, under typed keys."""

from aiohttp import web

from vtp.http.client import Client

CLIENT = web.RequestKey("client", Client)
REQUEST_ID = web.RequestKey("request_id", str)
