"""Login tests: can somebody sign in, and does the page then show what it should?

    model         a login test as its author wrote it           credentials    where name and password come from
    criteria      what counts as signed in, and whose fault     running        the test in a real browser
    markup        a page's forms and elements, without browser  forms          the light variant: HTTP and a form
    visiting      the server's rules of egress, for a browser

No password is part of a test, and none is ever part of a result.
"""
