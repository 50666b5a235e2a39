"""`python -m chaos`."""

from chaos.program import main

if __name__ == "__main__":
    main()
