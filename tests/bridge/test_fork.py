"""A forked child begins anew."""

from tests.bridge.probe import run_script


def test_a_child_runs_programs_after_its_parent_did() -> None:
    said = run_script("""
        @define_tool
        def here() -> int:
            return os.getpid()
        assert Live().run(Sleep(0.001)).value is None
        assert Live().run(CallTool(here)).value == os.getpid()
        child = os.fork()
        if child == 0:
            ok = Live().run(CallTool(here)).value == os.getpid()
            ok = ok and Live().run(Sleep(0.001)).value is None and Test(seed=3).run(DrawNumber(4, 4)).value == 4
            os._exit(0 if ok else 3)
        _, status = os.waitpid(child, 0)
        assert Live().run(Sleep(0.001)).value is None
        print(os.waitstatus_to_exitcode(status))
        """)
    assert (said.out, said.noise, said.code) == ("0\n", [], 0)


def test_a_child_ends_as_any_process_does() -> None:
    said = run_script("""
        Live().run(Sleep(0.001))
        child = os.fork()
        Live().run(Sleep(0.001))
        if child:
            print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
        """)
    assert (said.out, said.noise, said.code) == ("0\n", [], 0)


def test_a_child_does_not_wait_for_threads_that_its_parent_had_in_the_core() -> None:
    said = run_script("""
        @dataclass(frozen=True)
        class Ask(Effect[int]):
            pass
        inside, over = threading.Event(), threading.Event()
        def answer(_):
            inside.set()
            over.wait(20)
            return 1
        thread = threading.Thread(target=lambda: Live().handling(Ask, answer).run(Ask()))
        thread.start()
        inside.wait(20)
        child = os.fork()
        if child == 0:
            began = time.monotonic()
            from flowai import _bridge
            _bridge.stop()
            os._exit(0 if time.monotonic() - began < 0.9 else 3)
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
        over.set()
        thread.join()
        """)
    assert (said.out, said.noise, said.code) == ("0\n", [], 0)
