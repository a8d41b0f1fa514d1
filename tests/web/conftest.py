"""Real Chromium for the tests of this room."""

import os
import shutil

import pytest

CHROMIUM = shutil.which("chromium")


@pytest.fixture(scope="module")
def browser():
    if CHROMIUM is None:
        if os.environ.get("CI") == "true":
            pytest.fail("these tests want chromium: install it")
        pytest.skip("chromium is not on PATH")
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 - only where Chromium is

    flags = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
    with sync_playwright() as play:
        running = play.chromium.launch(executable_path=CHROMIUM, args=flags)
        yield running
        running.close()
