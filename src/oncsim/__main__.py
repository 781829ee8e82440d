"""``python -m oncsim``."""

import sys

from oncsim.cli import main

if __name__ == "__main__":
    sys.exit(main())
