"""Own KPIs, written in the browser."""
