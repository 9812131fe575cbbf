"""Which tasks are shown."""

from __future__ import annotations

import trio
import trio.testing

from nurseries import Found, watching
from web.operator.figures import Figures, figures
from web.operator.selection import Wish, select


def matches(found: Found, text: str) -> bool:
    return text in found.task.name


async def family(name: str, *, children: int) -> None:
    async with trio.open_nursery() as nursery:
        for number in range(children):
            nursery.start_soon(trio.sleep_forever, name=f"{name}/{number}")


async def test_what_has_many_children_is_folded_until_it_is_opened() -> None:
    with watching() as watch:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(lambda: family("few", children=2), name="few")
            nursery.start_soon(lambda: family("many", children=20), name="many")
            nursery.start_soon(lambda: family("x", children=1), name="serve/operator")
            await trio.testing.wait_all_tasks_blocked()
            tasks = watch.walk(trio.lowlevel.current_task())
            ids = {each.task.name: each.id for each in tasks}

            def shown(wish: Wish) -> list[str]:
                return [each.task.name for each in select(tasks, wish, matches).shown][1:]

            assert shown(Wish()) == ["few", "few/0", "few/1", "many", "serve/operator"]
            assert select(tasks, Wish(), matches).hidden == {ids["many"], ids["serve/operator"]}
            assert shown(Wish(folded={ids["few"]})) == ["few", "many", "serve/operator"]
            assert len(shown(Wish(opened={ids["many"]}))) == 25
            assert shown(Wish(search="MANY/7")) == ["many", "many/7"]
            assert shown(Wish(search="nobody")) == []
            limited = select(tasks, Wish(opened={ids["many"]}, limit=10), matches)
            assert (len(limited.shown), limited.left_off) == (10, 16)
            nursery.cancel_scope.cancel()


def test_what_waits_and_what_passed_is_added_up_wherever_it_stands() -> None:
    assert figures({}) == Figures()
    assert figures(
        {
            "stay": {"session": {"lane": {"frames": 2, "bytes": 300, "posted": 7, "overtaken": 1}, "commands": 5}},
            "stage": {"pending": 1, "dropped": {"full": 4, "failed": 1}, "buffer": {"depth": 3, "dropped": 2}},
            "names": ["a", ["b"], {"waiting": 1}],
        }
    ) == Figures(waiting=7, bytes=300, passed=12, dropped=8)
