"""Capabilities: a YAML file describes an HTTP API that is consumed, and the REST and MCP surfaces on top of it.

The package serves such a file as it is. It knows nothing of billing. `document` reads YAML with its lines, `shape`
says what may stand where, `reading` makes a `model` of it (`consuming` and `exposing` are its two sides). `request`
and `outputs` are what happens to one call, `upstream` sends it; `rest`, `openapi` and `tools` are the surfaces, and
`serving` runs them.
"""
