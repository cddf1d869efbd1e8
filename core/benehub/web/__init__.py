"""The pages for people, made on the server. They hold no rule and no query: flows and views do."""
