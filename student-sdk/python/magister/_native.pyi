"""What the Rust half of the package offers to the Python half."""

def run_command(arguments: list[str]) -> int:
    """Run the `magister` command; the first argument is its name. Gives the exit code."""
