"""`python -m formguide.cli`."""

import sys

from formguide.cli import main

sys.exit(main())
