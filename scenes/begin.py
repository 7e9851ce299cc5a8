"""Where the command `lecture` begins: an interrupt while its code is still being read is one line, as it is later."""

import sys


def main() -> None:
    """Read the code of the command, and run it."""
    try:
        from scenes.cli import main as command

        command()
    except KeyboardInterrupt:
        sys.stderr.write("lecture: interrupted\n")
        sys.exit(130)


if __name__ == "__main__":
    main()
