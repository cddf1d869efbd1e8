"""File formats, pure: text or bytes in, records out, and back. One record type, one file, one test.

No file here is opened and no clock is read: callers hand in content, control numbers and times.
"""
