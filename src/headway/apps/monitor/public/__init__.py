"""What everybody may see: the status page's data, and badges. Only applications that an administrator made public, and
of them no address, no check and no message of a machine.

    page      what is shown, gathered once in a few seconds        badges    a badge as SVG, pure
    figures   a badge's words and colour, pure                     api       the HTTP interface, for everybody
"""
