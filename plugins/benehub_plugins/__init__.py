"""benehub."""
