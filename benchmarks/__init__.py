"""How fast Kampass is, measured against SQL written by hand. It prints figures and never asserts a
time.
"""
