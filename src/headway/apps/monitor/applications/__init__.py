"""Applications: what is watched, as people define it. One truth for the API, a file and imports.

    model       an application as it is written              store      all of them, in memory and in the records
    documents   YAML, read within bounds                     planning   what an import or a file would change
    yaml        our own format, gatus, upptime: of others    reading    which of the three a text is
    file        a file that is watched                       templates  to begin with
    api         the HTTP interface                           seen       what is known of them beside their definition

Not here: who looks and when (`watching`), what was measured (`figures`).
"""
