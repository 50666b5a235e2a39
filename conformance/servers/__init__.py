"""The servers the public protocol suites want to meet, made of Headway's own transports, in the suites' profile."""
