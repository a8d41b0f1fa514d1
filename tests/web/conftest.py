"""Real Chromium for the tests of this room."""

import os
import shutil

import pytest
from client_rig import PASSWORD, post, rig

from studio_server.web.app import WebSettings, create_app
from studio_server.workflow import doors

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


@pytest.fixture
def house(tmp_path):
    made = rig(tmp_path)
    doors.set_owner_password(made.services, PASSWORD)
    return made


@pytest.fixture
def app(house, tmp_path):
    return create_app(house.services, WebSettings(b"k" * 32, tmp_path, "http://studio.test", "Studio North"))


@pytest.fixture
def desk(app):
    http = app.test_client()
    post(http, "/login", {"password": PASSWORD})
    return http
