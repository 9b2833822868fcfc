"""HTTP for every feature: routing, validation, problem details, middleware, limits, OpenAPI, TLS."""
