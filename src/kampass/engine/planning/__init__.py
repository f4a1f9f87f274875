"""From a question to SQL: clocks and coverage, facts, dimensions as they were, scans, the
statement.
"""
