"""Memory on a CPU: what a step frees, the next takes again."""
import ctypes
import sys

TRIM_THRESHOLD, TOP_PAD, MMAP_MAX = -1, -2, -4  # of glibc's malloc.h


def keep_freed():
    """Has glibc keep what is freed: else it gives large blocks back to the system, and taking them again page by page
    costs up to half of the processor's time."""
    if sys.platform != "linux":
        return
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt:
        mallopt(MMAP_MAX, 0)
        mallopt(TRIM_THRESHOLD, -1)
        mallopt(TOP_PAD, 1 << 26)
