"""`python -m symmeter`."""

import sys

from symmeter.cli.app import main

if __name__ == "__main__":
    sys.exit(main())
