"""Paging: the answer is a list, and its Link header leads to what follows (RFC 8288)."""

from aiohttp import hdrs, web


def next_page(request: web.Request, **query: str) -> dict[str, str]:
    """The header that leads to the same question with another query; what it does not speak of stays."""
    return {hdrs.LINK: f'<{request.rel_url.update_query(query)}>; rel="next"'}
