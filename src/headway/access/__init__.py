"""Who may read and write which channel: identities and tokens. Values only; must not know transports or storage."""
