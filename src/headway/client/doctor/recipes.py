"""Lines of a configuration that repair something. docs/how-to/behind-a-proxy.md has them whole."""

from __future__ import annotations

from typing import Final

__all__ = ["BUFFERING", "IDLE", "LARGE_BODY", "LONG_ADDRESS", "PAGE", "UPGRADE"]

PAGE: Final = "docs/how-to/behind-a-proxy.md"

UPGRADE: Final = """\
# nginx, in the location that passes Headway on
proxy_http_version 1.1;
proxy_set_header Upgrade $http_upgrade;
proxy_set_header Connection "upgrade";"""

BUFFERING: Final = """\
# nginx, in the location that passes Headway on
proxy_buffering off;
proxy_cache off;
gzip off;"""

IDLE: Final = """\
# nginx, in the location that passes Headway on
proxy_read_timeout 60s;
proxy_send_timeout 60s;"""

LARGE_BODY: Final = """\
# nginx, in the location that passes Headway on
client_max_body_size 8m;"""

LONG_ADDRESS: Final = """\
# nginx, in the server that passes Headway on
large_client_header_buffers 4 16k;"""
