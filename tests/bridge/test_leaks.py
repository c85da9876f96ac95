"""Nothing of a run outlives it: no file, no sleeper, no closure."""

from tests.bridge.probe import run_script


def test_a_loop_takes_its_bell_with_it() -> None:
    said = run_script("""
        from flowai import race
        def files():
            return len(os.listdir("/proc/self/fd"))
        async def main():
            await Live().arun(race(Sleep(0.001), Sleep(3600)))
        asyncio.run(main())
        gc.collect()
        before = files()
        for _ in range(50):
            asyncio.run(main())
        gc.collect()
        print(files() - before)
        """)
    assert (said.out, said.noise, said.code) == ("0\n", [], 0)


def test_program_functions_and_tools_are_forgotten() -> None:
    said = run_script("""
        class Held:
            pass
        held = []
        live = Live()
        def with_program():
            kept = Held()
            held.append(weakref.ref(kept))
            @program
            def here(times: int) -> Do[Chance, int]:
                if times:
                    yield from here(times - 1)
                yield from DrawNumber(1, 1)
                return 1 if kept else 0
            live.run(here(1)).value
        def with_tool():
            kept = Held()
            held.append(weakref.ref(kept))
            @define_tool(access="read")
            def here() -> int:
                return 1 if kept else 0
            live.run(CallTool(here)).value
        def alive():
            gc.collect()
            return sum(each() is not None for each in held)
        for _ in range(100):
            with_program()
        print(alive())
        for _ in range(200):
            with_tool()
        print(alive() <= 64)
        """)
    assert (said.out, said.noise, said.code) == ("0\nTrue\n", [], 0)
