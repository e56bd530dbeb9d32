"""The asynchronous client has every method of the blocking one, and they work."""

from __future__ import annotations

import asyncio
import inspect

import pytest

import magister


def public(kind: type) -> dict[str, inspect.Signature]:
    methods = inspect.getmembers(kind, inspect.isfunction)
    return {name: inspect.signature(method) for name, method in methods if not name.startswith("_")}


@pytest.mark.parametrize("name", ["Client", "Curriculum", "Stream", "PendingReceipt"])
def test_the_twins_have_the_same_methods_with_the_same_parameters(name):
    blocking = public(getattr(magister, name))
    asynchronous = public(getattr(magister.aio, name))
    # Connections end with their last user: the blocking twins have `close` for those who expect one.
    needless = {"Client": {"close"}, "Curriculum": {"close"}, "Stream": set(), "PendingReceipt": {"wait"}}[name]
    extra = {"Curriculum": {"blocking"}, "PendingReceipt": {"wait"}}.get(name, set())
    assert blocking.keys() - needless == asynchronous.keys() - extra
    for method in blocking.keys() - needless:
        assert blocking[method].parameters == asynchronous[method].parameters, method


def test_a_life(server, tmp_path):
    async def live() -> None:
        async with await magister.aio.connect(server.address) as client:
            settings = {"test_set": 3, "mastery_threshold": 1.0, "teacher": magister.AlpGmm(fit_rate=20)}
            curriculum = await client.curriculum("walker", space={"height": (0, 3)}, **settings)
            tasks = await asyncio.gather(*(curriculum.ask() for _ in range(50)))
            receipts = await asyncio.gather(*(curriculum.tell(task, task.params["height"]) for task in tasks))
            assert sorted(receipt.episode for receipt in receipts) == list(range(1, 51))
            played = 0
            async with curriculum.stream(4) as stream:
                async for task in stream:
                    receipt = stream.tell(task, 1.0)
                    played += 1
                    if played == 20:
                        stream.stop_asking()
                assert (await receipt.wait()).task == task.name
            info = await curriculum.info()
            assert (info.episodes, info.open_tasks) == (50 + played, 0)
            opened = await curriculum.sample_test_tasks(10)
            assert (await curriculum.report_evaluations(opened, [0.0, 1.5, 2.0])).mastered_share == pytest.approx(2 / 3)
            assert (await curriculum.mastery()).evaluations == 1
            assert (await curriculum.distribution()).episodes == info.episodes
            assert len(await curriculum.fits()) == info.fits
            assert len(await curriculum.episodes()) == info.episodes
            assert len((await curriculum.episode_columns())["alp"]) == info.episodes
            assert set((await curriculum.fit_columns())["fit"]) == set(range(1, info.fits + 1))
            assert (await curriculum.progress()).episodes == info.episodes
            assert len(await curriculum.points()) == info.episodes
            assert (await curriculum.density("height")).probabilities.sum() == pytest.approx(1)
            assert (await curriculum.diagnose()).episodes == info.episodes
            assert (await curriculum.explain(tasks[0])).task == tasks[0].name
            assert (await (await curriculum.fork("copy")).info()).episodes == info.episodes
            await curriculum.export_to(tmp_path / "file")
            await client.import_from(tmp_path / "file", "moved")
            await client.delete("moved")
            assert [info.id for info in await client.list()] == ["copy", "walker"]
            assert curriculum.blocking().info().episodes == info.episodes

    asyncio.run(live())


def test_a_cancelled_call_is_given_up(server):
    async def live() -> None:
        client = await magister.aio.connect(server.address)
        curriculum = await client.curriculum("walker", space={"height": (0, 3)})
        await curriculum.pause()
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(curriculum.ask(), 0.2)
        with pytest.raises(magister.RefusedError, match="no curriculum"):
            await client.curriculum("runner")
        await curriculum.resume()
        assert (await curriculum.ask()).number == 1

    asyncio.run(live())


def test_the_event_loop_goes_on_meanwhile(server):
    async def live() -> int:
        curriculum = await (await magister.aio.connect(server.address)).curriculum("walker", space={"height": (0, 3)})
        await curriculum.pause()
        asking = asyncio.ensure_future(curriculum.ask())
        for _ in range(20):
            await asyncio.sleep(0.01)
        assert not asking.done()
        await curriculum.resume()
        return (await asking).number

    assert asyncio.run(live()) == 1
