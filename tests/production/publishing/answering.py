"""A server that answers beside a test."""

import threading
from contextlib import contextmanager


@contextmanager
def answering(one):
    """Let a server answer in a thread of its own inside a block."""
    with one:
        thread = threading.Thread(target=one.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield one
        finally:
            one.shutdown()
            thread.join()
