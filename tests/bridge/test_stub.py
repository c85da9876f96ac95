"""The stub says what the extension has."""

import subprocess
import sys


def test_the_stub_fits_the_extension() -> None:
    checked = subprocess.run(
        [sys.executable, "-m", "mypy.stubtest", "flowai._bridge"], capture_output=True, check=False, text=True
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr
