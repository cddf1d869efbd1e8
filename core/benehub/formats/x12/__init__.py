"""X12 for benefits: 834 enrollment, 820 premium payment, 999/997 and TA1 acknowledgements.

Sizes of real files make the reader a stream with flat memory; the writer lets no delimiter through, because
X12 knows no escape.
"""
