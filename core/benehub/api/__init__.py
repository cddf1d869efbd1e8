"""The front for machines: vendors that call us, clients that write to us, and whoever looks whether we are well.

It holds no rule and no query: flows and views do. Nothing here is imported before `benehub up` runs.
"""
