"""The account manager's book: what pages read that is no KPI (accounts, touches, contracts,
quotes), always through a `Sight`.

Everything is read as of the snapshot's known_at, never by the clock on the wall, so a link shows
the same tomorrow.
"""
