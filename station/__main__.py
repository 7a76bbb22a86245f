"""`python -m station` is the `station` command."""

from station.cli.main import main

if __name__ == "__main__":
    main()
