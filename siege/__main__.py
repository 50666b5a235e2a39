"""`python -m siege`."""

from siege.program import main

if __name__ == "__main__":
    main()
