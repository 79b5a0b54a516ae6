"""Counts what the checks of outputs find, for the scripts that hold files against other programs' reading of them."""

import sys

_checks = 0
_failures = 0


def check(is_right, *what):
    """Counts a comparison, and prints `what` where it fails."""
    global _checks, _failures
    _checks += 1
    if not is_right:
        _failures += 1
        print("differs:", *what)


def finish(name):
    """Prints the counts and ends the program, in a status other than 0 where anything differed or nothing was compared."""
    print(f"{name}: {_checks - _failures} passed, {_failures} failed")
    sys.exit(1 if _failures or not _checks else 0)
