"""Who is who across systems."""
