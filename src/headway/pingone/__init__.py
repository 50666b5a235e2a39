"""The PingOne client: knows PingOne's addresses, tokens, limits, errors and users. It must not know what a job,
a CSV or a channel is: whoever imports users decides what a failed row means.
"""
