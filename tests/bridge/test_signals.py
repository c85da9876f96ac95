"""Ctrl-C ends a run as it ends a program."""

from tests.bridge.probe import run_script


def test_an_interrupt_cancels_the_run_and_is_raised() -> None:
    said = run_script("""
        @dataclass(frozen=True)
        class Note(Effect[None]):
            line: str
        def note(effect):
            print(effect.line, flush=True)
        threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGINT)).start()
        try:
            Live().handling(Note, note).run(ensure(Sleep(60), Note("cleaned up")))
        except KeyboardInterrupt:
            print("interrupted")
        print(Live().run(DrawNumber(5, 5)).value)
        """)
    assert said.out.splitlines() == ["cleaned up", "interrupted", "5"]
    assert (said.noise, said.code) == ([], 0)


def test_an_interrupt_in_a_loop_cancels_the_run() -> None:
    said = run_script("""
        threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGINT)).start()
        try:
            asyncio.run(Live().arun(Sleep(60)))
        except KeyboardInterrupt:
            print("interrupted")
        """)
    assert (said.out, said.noise, said.code) == ("interrupted\n", [], 0)
