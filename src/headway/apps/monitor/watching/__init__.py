"""Watching: who looks, when, and what follows from it.

verdict     one outcome, by the wishes of its application, as figures take it; pure
agenda      whose turn is when, and what of that is remembered with a standing; pure
telling     events, in words; pure              voice       what is told after a look
looking     one look: asked, judged, stored     watched     one application while it is watched
beats       the tokens of who tells us himself  subjects    applications as alerts know them
seen        applications as clients see them    measures    the same for Prometheus
watcher     the loop                            api, reports    over HTTP
"""
