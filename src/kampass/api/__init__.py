"""REST over HTTP: who calls, what they may, problems as JSON, and the routes of `/api/v1`. A thin
face: every number is the engine's.
"""
