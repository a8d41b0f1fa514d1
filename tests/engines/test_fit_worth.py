"""What a fit is worth: painted surroundings against the held-out pick's own, and the words for it."""

import numpy as np
import pytest
from small_world import find_person, portrait

from studio_server.domain.engines import FitJob
from studio_server.domain.likeness import FitReport
from studio_server.engines.fit import LoraFitter, Recipe
from studio_server.engines.fit_worth import apart
from studio_server.engines.picks import Crop
from studio_server.engines.shelf import Shelf


class Silent:
    def report(self, done, total, text):
        pass

    def cancelled(self):
        return False


def held_out():
    picture, mask = portrait(np.random.default_rng(3))
    return Crop(picture, mask > 0.5, "")


def test_only_what_is_around_the_person_is_compared():
    crop = held_out()
    changed = crop.picture.copy()
    changed[crop.person] = 0

    assert apart(crop.picture, crop) == pytest.approx(0, abs=1e-3)
    assert apart(changed, crop) == pytest.approx(0, abs=1e-3)
    assert apart(255 - crop.picture, crop) > 20


def test_light_from_the_other_side_is_farther_off_than_noise():
    crop = held_out()
    luck = np.random.default_rng(1)
    noisy = (crop.picture + luck.normal(0, 12, crop.picture.shape)).clip(0, 255)

    assert apart(noisy, crop) < 1.5
    assert apart(crop.picture[:, ::-1], crop) > 3 * apart(noisy, crop)


def test_a_fit_measures_its_light_the_same_twice(tiny_base, pick_files, tmp_path):
    recipe = Recipe(steps=6, batch=2, crops_per_pick=1, learning_rate=1e-2)
    reports = [
        LoraFitter(tiny_base, Shelf(tmp_path), recipe, find_person)
        .fit(FitJob(pick_files, tmp_path / name, seed=7), Silent())
        .report
        for name in ("one", "other")
    ]

    assert reports[0].light_before > 0
    assert reports[0].light_after != reports[0].light_before
    assert [reports[0].light_before, reports[0].light_after] == pytest.approx(
        [reports[1].light_before, reports[1].light_after]
    )


@pytest.mark.parametrize(
    ("light", "helps", "words"),
    [
        ((9.0, 6.0), True, "nearer to the session's light (ΔE 6.0, without the fit 9.0)"),
        ((9.0, 8.8), False, "does not help"),
        ((9.0, 11.0), False, "does not help"),
        ((None, None), True, "was not measured"),
    ],
)
def test_the_report_says_in_words_whether_the_fit_helps(light, helps, words):
    report = FitReport("Starter 1", 120, 30.0, 0.2, 0.15, light_before=light[0], light_after=light[1])

    assert report.helps is helps
    assert words in report.worth
    assert "fell by 25 %" in report.worth


def test_a_loss_that_rose_is_called_so():
    assert "did not fall: it rose by 50 %" in FitReport("Starter 1", 120, 30.0, 0.2, 0.3).worth
