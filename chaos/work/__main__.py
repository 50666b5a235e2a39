"""`python -m chaos.work`."""

from chaos.work.program import main

if __name__ == "__main__":
    main()
