import pytest

from studio_server.domain.errors import BadInput, Conflict, NotFound
from studio_server.domain.shot import ShotId
from studio_server.domain.variation import Choice, Pass
from studio_server.workflow import overruling, pages_client, proofing


def finals(house, session):
    return [one for one in house.read("variations", session.id) if one.made_in is Pass.FINAL]


@pytest.fixture
def locked(house):
    session = house.open()
    house.agree(session)
    house.shots = house.shoot(4)
    house.pick(session, house.shots[:3])
    proofing.lock(house.services, session.id, "client")
    return session


def refused(house, session):
    return next(one for one in finals(house, session) if not one.resemblance.accepted)


def shown(house, session):
    return {one.id for one in pages_client.variations_page(house.services, session.id).pictures}


def test_a_context_is_made_from_the_shot_that_the_photographer_chose_and_from_the_machines_again(
    house, locked
):
    chosen = house.shots[1]
    overruling.use_shot(house.services, locked.id, "library", chosen)
    house.run()
    first = {one.id for one in finals(house, locked)}
    assert {one.brief.shot_id for one in finals(house, locked) if one.brief.context == "library"} == {chosen}
    garden = {one.brief.shot_id for one in finals(house, locked) if one.brief.context == "garden"}
    assert len(garden) == 2
    overruling.use_shot(house.services, locked.id, "library", ShotId(""))
    assert house.read("session", locked.id).chosen == ()
    proofing.refit(house.services, locked.id, "photographer")
    house.run()
    again = [one for one in finals(house, locked) if one.id not in first and one.brief.context == "library"]
    assert len({one.brief.shot_id for one in again}) == 2


def test_only_a_pick_of_this_session_carries_a_context_of_it(house, locked):
    with pytest.raises(BadInput, match="Only a pick"):
        overruling.use_shot(house.services, locked.id, "library", house.shots[3])
    with pytest.raises(NotFound):
        overruling.use_shot(house.services, locked.id, "brick", house.shots[0])


def test_what_the_photographer_shows_all_the_same_is_there_for_the_client_to_approve(house, locked):
    house.run()
    held = refused(house, locked)
    assert held.id not in shown(house, locked)
    with pytest.raises(BadInput, match="why"):
        overruling.overrule(house.services, held.id, " ")
    overruling.overrule(house.services, held.id, "The client asked for it.")
    kept = house.read("variation", held.id)
    assert (kept.overruled.reason, kept.resemblance) == ("The client asked for it.", held.resemblance)
    assert held.id in shown(house, locked)
    proofing.choose(house.services, locked.id, held.id, Choice.APPROVED, "client")
    proofing.finish(house.services, locked.id, "client")
    with pytest.raises(Conflict, match="finished"):
        overruling.overrule(house.services, refused(house, locked).id, "Too late")
    with pytest.raises(Conflict):
        overruling.use_shot(house.services, locked.id, "library", house.shots[0])


def test_there_is_nothing_to_overrule_where_the_judge_accepted(house, locked):
    house.run()
    fine = next(one for one in finals(house, locked) if one.resemblance.accepted)
    with pytest.raises(Conflict, match="nothing to overrule"):
        overruling.overrule(house.services, fine.id, "No reason")
