"""Plays one whole session: camera, photographer, client and Lightroom, through the doors that people use."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import requests

from studio_server.demo import acts
from studio_server.demo.frames import plan
from studio_server.demo.stage import DemoFailed, Play, Stage, as_it_stands, timed
from studio_server.demo.visitors import Browser, Client, Photographer, Refused

__all__ = ["ACTS", "FORESEEN", "DemoFailed", "Play", "Stage", "play", "shoot_only"]

NAME = "Ada Example"
PURPOSES = ("proofing", "faces", "fitting", "generation")
FORESEEN = (DemoFailed, Refused, requests.RequestException, ConnectionError, FileNotFoundError)
"""What has a sentence of its own."""
ACTS: dict[str, Callable[[Play], None]] = {
    "shoot": acts.shoot,
    "pick": acts.pick,
    "lock": acts.lock,
    "fit_and_vary": acts.fit_and_vary,
    "approve": acts.approve,
    "pull": acts.pull_masters,
}


def play(
    stage: Stage,
    after: Callable[[str, Play], None] = lambda _act, _play: None,
    found: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """Return the report; `after` is told of each act that has ended.

    `found` is the report while it grows, for those who want what there is of it when the play breaks off.
    Raises DemoFailed with one sentence, whatever went wrong.
    """
    found = {} if found is None else found
    found |= {"photos": str(stage.photos or ""), "seconds": {}}
    try:
        with timed(found, "session"):
            _play(stage, after, found)
    except Exception as error:  # whatever broke, the report so far is worth more than a traceback alone
        raise DemoFailed(sentence(error)) from error
    return as_it_stands(found)


def _play(stage: Stage, after: Callable[[str, Play], None], found: dict[str, Any]) -> None:
    playing = _begin(stage, found)
    try:
        _come_in(playing)
        for name, act in ACTS.items():
            act(playing)
            after(name, playing)
    finally:
        playing.client.leave()


def shoot_only(stage: Stage) -> None:
    """The camera alone plays; the rest is for the person who watches, and who is told what goes wrong."""
    try:
        playing = _begin(stage, {"seconds": {}})
        stage.say(f"Client's link: {playing.client.door}   (the PIN was printed above)")
        for one in acts.camera(stage).shoot(plan(stage.photos)):
            stage.say(f"The camera wrote {one.name}")
    except Exception as error:  # noqa: BLE001 - the pages stay open, and a person reads a sentence
        stage.say(f"The camera has stopped. {sentence(error)}")


def sentence(error: Exception) -> str:
    """Say what went wrong, in one sentence that a person can read."""
    if isinstance(error, requests.RequestException):
        return f"The studio did not answer as it should: {error}."
    if isinstance(error, FORESEEN):
        return str(error)
    return f"The demo itself broke, which nobody foresaw: {type(error).__name__}: {error}."


def _begin(stage: Stage, found: dict[str, Any]) -> Play:
    """Open a session as the photographer's page would, with the places that are ticked there."""
    photographer = Photographer(Browser(stage.base_url))
    photographer.log_in(stage.password)
    link, pin = photographer.open_session(NAME, photographer.contexts(), acts.SERIAL)
    stage.say(f"The photographer opened a session for {NAME}; the client's link is {link}, the PIN {pin}.")
    client = Client(Browser(stage.base_url), urlsplit(link).path)
    return Play(stage, photographer, client, pin, photographer.make_key("Lightroom"), found)


def _come_in(playing: Play) -> None:
    playing.client.come_in(playing.pin)
    playing.client.consent(NAME, PURPOSES)
    playing.client.listen()
    playing.stage.say("The client came in, signed the consent and watches the contact sheet.")
