"""TLS certificates from an authority that speaks ACME (RFC 8555): ordered, kept and renewed by the server."""
