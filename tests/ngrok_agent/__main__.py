"""The command line of the stand-in."""

import sys

from tests.ngrok_agent.agent import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
