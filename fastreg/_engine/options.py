"""Options of the whole process, and values that hold in one thread's block.

`fastreg.set_config` and `fastreg.config_context` check and write them; the engine
reads them.
"""

from contextlib import contextmanager
from contextvars import ContextVar

_process = {"moment_cache_mb": 64}
# None outside a block; a thread starts outside
_block = ContextVar("fastreg_options", default=None)


def options():
    """All options as a new dict: what holds in this thread now."""
    return {**_process, **(_block.get() or {})}


def option(name):
    """One of them."""
    block = _block.get()
    return block[name] if block and name in block else _process[name]


def set_options(changes):
    """Change them: until this thread's innermost block ends, or else for the process."""
    block = _block.get()
    if block is None:
        _process.update(changes)
    else:
        _block.set({**block, **changes})


@contextmanager
def options_block(changes):
    """Values that hold for this thread until the block ends."""
    token = _block.set({**(_block.get() or {}), **changes})
    try:
        yield
    finally:
        _block.reset(token)
