"""`python -m controller` is `campaign-controller`."""

from controller.cli.main import main

if __name__ == "__main__":
    main()
