"""`python -m chaos.monitor`."""

from chaos.monitor.program import main

if __name__ == "__main__":
    main()
