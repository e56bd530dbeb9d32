"""The `magister` command."""

import signal
import sys

from magister import _native


def main() -> None:
    """Run the command with the process's arguments and exit with its code."""
    # The command is not Python: an interrupt ends it, or is taken by the server, as in any other program.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    sys.exit(_native.run_command(["magister", *sys.argv[1:]]))


if __name__ == "__main__":
    main()
