"""The connector SDK: everything a connector needs to speak with a vendor, and the only room with a network.

Connectors are plain synchronous code. For writes they do no I/O: they turn an item into a `Request` and a
`Response` into a receipt; this room sends it, within limits, and says honestly what it does not know.

    capabilities   what a connection can do, and who is the blocker where it cannot
    messages       Request, Response: importable without the HTTP library
    jsontext       JSON in which every number keeps its own text
    cells          a vendor's row while it is translated, with everything that is wrong with it
    figures        texts, amounts, rates and hours of a row where one fault ends it
    checks         register lines of one employee's check
    http           VendorClient: retries, limits, typed errors
    auth           Basic, bearer, OAuth 2; mtls: a client certificate
    limits         sliding window per vendor account
    paging         pagers that always end
    files, sftp    mailboxes: a folder, or an SFTP server with a pinned host key; place: which of the two, as settings
    mail           a mailbox that sends each file as a message by SMTP
    testing        a transport that answers from a function; sftp_server a real server on the loopback

Import from these modules; this package itself imports nothing, so that a help text stays fast.
"""
