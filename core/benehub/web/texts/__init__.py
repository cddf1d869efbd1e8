"""The words of the pages: a folder a language, a file a page. Every language has the same keys, which a test holds."""
