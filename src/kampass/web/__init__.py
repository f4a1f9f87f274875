"""The web application: pages that ask the engine and show what it says; nothing is computed
here.
"""
