"""`python -m fuzz`."""

from fuzz.program import main

if __name__ == "__main__":
    main()
