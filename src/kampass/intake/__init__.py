"""One file per system: each states canonical tables. The sample company and plain files are sources
like any other.
"""
