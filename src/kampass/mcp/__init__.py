"""Kampass for assistants, over the Model Context Protocol: the same questions, the same answers,
the caller's own rights.
"""
