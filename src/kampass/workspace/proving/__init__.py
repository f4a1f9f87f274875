"""How definitions are proven: their examples run, and their formulas broken on purpose."""
