"""CSV files of users: what a file is, its rows, what they would be in PingOne, and what is wrong with them.

    detecting    a file's encoding, delimiter, quotes and header; or why it is no CSV    kinds  encodings  dialects
    reading      rows as a stream, from any place in the file                            lines  quotes
    mapping      which column is which attribute                                         schema  aliases
    building     a row's cells as the body of an import
    validating   the rules of PingOne and of the tenant's schema
    checking     all of it for one row, and usernames that came before                   duplicates
    preview      the first rows as they would arrive                                     planning: the dry run
    writing      files that no spreadsheet runs                                          guards  rejects

Everything here is pure or reads and writes one file. Must not know asyncio, a network, a job, or a tenant that is not
handed in.
"""
