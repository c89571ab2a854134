"""`python -m symmeter`."""

import sys

from symmeter.cli import main

if __name__ == "__main__":
    sys.exit(main())
