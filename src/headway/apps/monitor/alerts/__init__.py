"""Alerts: who is told of what, when, and by which way.

    rules      what is wished, and what follows from it; pure       messages   what is said, one or many at once; pure
    outbox     what is to be sent, made of incidents and changes    sending    one message to one address, by apprise
    alerts     all of it, joined: settle, send, try                 api        over HTTP

An alert is a row before it is a message: what was made is sent, whatever happens in between. It is sent at least once;
the key in the message tells a second one from the first.
"""
