"""Media plane: ICE-lite, DTLS, transports, producers, consumers, routers, ORTC and SDP. No HTTP, no users."""
