"""`python -m chaos.imports`."""

from chaos.imports.program import main

if __name__ == "__main__":
    main()
