"""``python -m tablewright``: the command line."""

from tablewright.cli.main import main

if __name__ == "__main__":
    main()
