"""Which transport is tried first."""

from headway.client.scores import Promotion, Scores


def scores(random: float = 0.5) -> Scores:
    """Scores of two transports."""
    return Scores(["high", "low"], lambda: random, first=30.0, most=100.0)


def test_the_order_is_the_programs() -> None:
    """What was not tried is wanted in the order in which it was named."""
    assert scores().rank(0.0) == ["high", "low"]


def test_three_short_lives_demote() -> None:
    """A transport that opens and dies is left after the third time."""
    judged = scores()
    judged.short("high", 0.0)
    judged.short("high", 0.0)
    assert not judged.demoted("high", 0.0)

    judged.short("high", 0.0)

    assert judged.rank(0.0) == ["low", "high"]


def test_two_unanswered_attempts_demote() -> None:
    """A transport that is not answered while another one is, is left after the second time."""
    judged = scores()
    judged.unanswered("high", 0.0)
    assert judged.rank(0.0) == ["high", "low"]

    judged.unanswered("high", 0.0)

    assert judged.rank(0.0) == ["low", "high"]


def test_a_demotion_ends_and_the_next_is_longer() -> None:
    """A demotion is for 15 to 30 seconds, twice that after a probe that failed, up to a bound; never for ever."""
    judged = scores(random=1.0)
    for _ in range(3):
        judged.short("high", 0.0)
    ends = []
    now = 0.0
    for _ in range(4):
        promotion = judged.promotion("low", now)
        assert promotion is not None
        ends.append(promotion.at - now)
        now = promotion.at
        judged.unanswered("high", now)

    assert ends == [30.0, 60.0, 100.0, 100.0]


def test_a_useful_life_clears_everything() -> None:
    """Who was of use again is as good as new."""
    judged = scores()
    for _ in range(3):
        judged.short("high", 0.0)

    judged.useful("high")

    assert judged.rank(0.0) == ["high", "low"]
    assert not judged.doubtful("high")


def test_what_is_best_is_not_promoted() -> None:
    """Only what is better than the one that is used is tried beside it."""
    judged = scores()

    assert judged.promotion("high", 7.0) is None
    assert judged.promotion("low", 7.0) == Promotion("high", 7.0)


def test_another_network_is_another_chance() -> None:
    """What was learnt of one network does not hold on the next; the watching does."""
    judged = scores()
    for _ in range(3):
        judged.short("high", 0.0)

    judged.forgive()

    assert judged.rank(0.0) == ["high", "low"]
    assert judged.doubtful("high")
