"""One file a carrier, all with the face of `interface.Transport`. None knows another, or how often it is used."""
