"""The demo's story: one employer, one month, and what goes wrong at its vendors."""
