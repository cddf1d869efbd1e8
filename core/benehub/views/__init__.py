"""Every question asked of the hub; all fronts read here."""
