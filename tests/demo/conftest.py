import json
import os
import shutil
import subprocess

import pytest


@pytest.fixture(scope="session")
def exiftool():
    """exiftool(path, *options) -> its tags; the referee of what we write."""
    program = shutil.which("exiftool")
    if program is None:
        if os.environ.get("CI") == "true":
            pytest.fail("exiftool is missing, and in CI it is owed: install libimage-exiftool-perl")
        pytest.skip("exiftool is not installed: what it would have refereed is unchecked")

    def read(path, *options):
        command = [program, "-json", "-a", "-G1", *options, str(path)]
        found = subprocess.run(command, capture_output=True, check=True, text=True)
        return json.loads(found.stdout)[0]

    return read
