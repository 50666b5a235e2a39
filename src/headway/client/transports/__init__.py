"""One file a carrier, all with the face of `interface.Transport`; `http` is what those on HTTP ask with. None knows
another, or how often it is used."""
