"""A tree of routes answers what aiohttp's own router does, which tries one pattern after the other."""

from __future__ import annotations

import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request
from hypothesis import given
from hypothesis import strategies as st

from vtp.http.route_tree import AioHandler, RouteTree

METHODS = ("GET", "HEAD", "POST", "DELETE")
PATHS = st.lists(st.sampled_from(["a", "b", "c.d", "{x}", "{y}"]), min_size=1, max_size=4).filter(
    lambda parts: sum(part == "{x}" for part in parts) < 2 and sum(part == "{y}" for part in parts) < 2
)
ASKED = st.lists(
    st.sampled_from(["a", "b", "c.d", "", "%2F", "%25", "ü", "{x}", "a%20b", "~"]), min_size=0, max_size=5
)


async def answer(request: web.Request) -> web.StreamResponse:
    return web.Response()


def as_path(parts: list[str]) -> str:
    return "/" + "/".join(parts)


def router_of(tree: RouteTree) -> web.UrlDispatcher:
    router = web.Application().router
    router.register_resource(tree)
    return router


async def found(router: web.UrlDispatcher, method: str, path: str) -> object:
    match = await router.resolve(make_mocked_request(method, path))
    if isinstance(match.http_exception, web.HTTPMethodNotAllowed):
        return sorted(match.http_exception.allowed_methods)
    if match.http_exception is not None:
        return match.http_exception.status
    resource = match.route.resource
    assert resource is not None
    return match.route.method, resource.canonical, dict(match)


@given(
    st.dictionaries(PATHS.map(tuple), st.sets(st.sampled_from(METHODS), min_size=1), min_size=1),
    st.lists(st.tuples(st.sampled_from(METHODS), ASKED), min_size=1),
)
async def test_every_request_finds_what_it_finds_among_patterns(
    declared: dict[tuple[str, ...], set[str]], asked: list[tuple[str, list[str]]]
) -> None:
    """aiohttp takes the first of the patterns that match, here in the order that the tree has by itself."""
    tree, plain = RouteTree(), web.Application().router
    for parts, methods in declared.items():
        for method in methods:
            tree.add(method, as_path([*parts]), answer)
    for parts in sorted(declared, key=lambda parts: [part.startswith("{") for part in parts]):
        for method in declared[parts]:
            plain.add_route(method, as_path([*parts]), answer)
    router = router_of(tree)
    for method, parts_asked in [*asked, *(("GET", [*parts]) for parts in declared)]:
        path = as_path(parts_asked)
        assert await found(router, method, path) == await found(plain, method, path)


@pytest.mark.parametrize("path", ["a", "", "/{x}.pdf", "/{tail:.+}", "/a b", "/{", "/%2F", "/ü"])
def test_what_is_neither_named_nor_a_variable_as_a_whole_is_refused(path: str) -> None:
    with pytest.raises(ValueError, match="no path of named parts and variables"):
        RouteTree().add("GET", path, answer)


def test_two_routes_of_a_method_and_a_path_are_refused() -> None:
    tree = RouteTree()
    tree.add("GET", "/a/{x}", answer)
    tree.add("POST", "/a/{x}", answer)
    with pytest.raises(ValueError, match="Two routes are declared"):
        tree.add("GET", "/a/{x}", answer)


def test_what_could_not_be_asked_for_is_refused() -> None:
    tree = RouteTree()
    with pytest.raises(ValueError, match="two variables of one name"):
        tree.add("GET", "/a/{x}/{x}", answer)
    with pytest.raises(ValueError, match="no method in capital letters"):
        tree.add("get", "/a", answer)
    tree.add("GET", "/a", answer)
    assert len(list(tree)) == 1
    with pytest.raises(ValueError, match="has been asked for already"):
        tree.add("POST", "/a", answer)


def test_all_routes_are_told_with_what_answers_them() -> None:
    tree = RouteTree()

    async def other(request: web.Request) -> web.StreamResponse:
        return web.Response()

    tree.add("GET", "/a/{x}", answer)
    tree.add("POST", "/a/{x}", other)
    tree.add("GET", "/", other)
    told: list[tuple[str, str, AioHandler]] = [
        (route.method, route.resource.canonical, route.handler)
        for route in router_of(tree).routes()
        if route.resource is not None
    ]
    assert told == [("GET", "/a/{x}", answer), ("POST", "/a/{x}", other), ("GET", "/", other)]
    assert len(tree) == 3
