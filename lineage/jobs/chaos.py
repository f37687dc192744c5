"""For the tests of "whatever is killed half-way": $ECOMPULSE_DIE_AFTER names the write after which to die."""

import os
import signal


def die_after(step: str) -> None:
    """Kill -9 the whole job (driver and Python, one process group) when the environment names this step."""
    if os.environ.get("ECOMPULSE_DIE_AFTER") == step:
        os.killpg(os.getpgrp(), signal.SIGKILL)
