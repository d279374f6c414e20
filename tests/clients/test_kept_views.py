"""Views that a session of Spark keeps: how many, which go first, and that none goes which somebody reads."""

from __future__ import annotations

from mason.clients.spark.kept_views import KeptViews


def use(views: KeptViews, name: str) -> None:
    if not views.take(name):
        views.made(name)


def test_a_view_is_there_once_it_was_made():
    views = KeptViews()
    assert views.take("a") is False
    views.made("a")
    assert views.take("a") is True
    views.give_back(["a", "a"], drop=[].append)
    assert views.take("a") is True


def test_a_view_that_was_not_made_is_forgotten_and_not_dropped():
    views, dropped = KeptViews(), []
    views.take("a")
    views.give_back(["a"], dropped.append)
    assert (views.take("a"), dropped) == (False, [])


def test_those_go_first_that_were_not_used_for_the_longest_time():
    views, dropped = KeptViews(), []
    names = [f"v{number}" for number in range(34)]
    for name in names[:32]:
        use(views, name)
        views.give_back([name], dropped.append)
    use(views, "v0")
    views.give_back(["v0"], dropped.append)
    assert dropped == []
    for name in names[32:]:
        use(views, name)
        views.give_back([name], dropped.append)
    assert dropped == ["v1", "v2"]


def test_no_view_goes_that_is_read():
    views, dropped = KeptViews(), []
    names = [f"v{number}" for number in range(40)]
    for name in names:
        use(views, name)
    views.give_back(names[35:], dropped.append)
    assert dropped == names[35:]
    views.give_back(names[:35], dropped.append)
    assert dropped == [*names[35:], *names[:3]]
