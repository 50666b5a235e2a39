"""Applications to begin with: what people fill in, and what is good to have already.

Each `application` is valid as it stands, at an address that exists for examples only; `ask` names the fields that have
to be filled in, as paths.
"""

from __future__ import annotations

from typing import Any, Final

__all__ = ["TEMPLATES"]

Json = Any  # any JSON value

TEMPLATES: Final[tuple[dict[str, Json], ...]] = (
    {
        "name": "http",
        "title": "Website",
        "description": "A page answers with a status of success, within a second and a half.",
        "application": {
            "name": "website",
            "displayName": "Website",
            "category": "Web",
            "healthCheck": {"kind": "http", "url": "https://www.example.org/", "interval": 60, "warnAfter": 1500},
        },
        "ask": ["displayName", "healthCheck.url"],
    },
    {
        "name": "json-health",
        "title": "JSON health endpoint",
        "description": "A service says of itself that it is up, as Spring Boot, ASP.NET and many others do.",
        "application": {
            "name": "service",
            "displayName": "Service",
            "category": "Backend",
            "healthCheck": {
                "kind": "http",
                "url": "https://service.example.org/health",
                "headers": {"Accept": "application/json"},
                "expectedStatus": [200],
                "conditions": ["[BODY].status == any(UP, ok, healthy)"],
                "interval": 60,
            },
        },
        "ask": ["displayName", "healthCheck.url", "healthCheck.conditions"],
    },
    {
        "name": "tcp",
        "title": "Database port",
        "description": "A port takes connections. Nothing is said over them.",
        "application": {
            "name": "database",
            "displayName": "Database",
            "category": "Database",
            "priority": "critical",
            "healthCheck": {"kind": "tcp", "host": "db.example.org", "port": 5432, "timeout": 3000, "interval": 30},
        },
        "ask": ["displayName", "healthCheck.host", "healthCheck.port"],
    },
    {
        "name": "tls",
        "title": "TLS certificate",
        "description": "A certificate can be believed: a warning three weeks before its end, an error in the last.",
        "application": {
            "name": "certificate",
            "displayName": "Certificate",
            "category": "Security",
            "healthCheck": {
                "kind": "tls",
                "host": "www.example.org",
                "certificateDays": 21,
                "criticalDays": 7,
                "interval": 3600,
            },
        },
        "ask": ["displayName", "healthCheck.host"],
    },
    {
        "name": "dns",
        "title": "DNS record",
        "description": "A name stands for what it should.",
        "application": {
            "name": "mail-records",
            "displayName": "Mail records",
            "category": "Network",
            "healthCheck": {"kind": "dns", "name": "example.org", "type": "MX", "interval": 300},
        },
        "ask": ["displayName", "healthCheck.name", "healthCheck.type", "healthCheck.expected"],
    },
    {
        "name": "push",
        "title": "Scheduled job",
        "description": "A job of cron tells when it ran. It is missing a quarter of an hour after it is due.",
        "application": {
            "name": "nightly-backup",
            "displayName": "Nightly backup",
            "category": "Jobs",
            "healthCheck": {"kind": "push", "interval": 86_400, "grace": 900},
            "alertThresholds": {"consecutiveFailures": 1, "recoveries": 1},
        },
        "ask": ["displayName", "healthCheck.interval", "healthCheck.grace"],
    },
    {
        "name": "login-form",
        "title": "Sign-in form",
        "description": "Somebody can sign in: name and password are filled into the form, and no password is asked for "
        "afterwards. The password is in a variable of the server, and nowhere else.",
        "application": {
            "name": "intranet",
            "displayName": "Intranet",
            "category": "Web",
            "priority": "high",
            "healthCheck": {"kind": "http", "url": "https://intranet.example.org/"},
            "loginTest": {
                "url": "https://intranet.example.org/login",
                "credentials": {"username": "probe", "passwordEnvVar": "HEADWAY_LOGIN_INTRANET"},
                "successCriteria": {"textContent": ["Sign out"]},
            },
        },
        "ask": [
            "displayName",
            "healthCheck.url",
            "loginTest.url",
            "loginTest.credentials.username",
            "loginTest.credentials.passwordEnvVar",
        ],
    },
)
