"""What comes in: looked at before it is loaded, set aside where it cannot be read, mended, held
where too much would go.
"""
