"""A web process has threads for a burst, and lets few of them do what comes one by one."""

import threading
from collections.abc import Callable
from queue import SimpleQueue

import pytest
from running import wait_for

from station import webserver


class Request:
    """A request as waitress hands it on."""

    def __init__(self, work: Callable[[], object]) -> None:
        self.service = work

    def cancel(self) -> None: ...


@pytest.fixture
def threads():
    dispatcher = webserver.threads(8)
    yield dispatcher
    dispatcher.shutdown()


def all_idle(threads) -> bool:
    return threads.active_count == 0


def test_what_comes_one_by_one_is_done_by_one_thread(threads):
    by = SimpleQueue()
    for _ in range(50):
        wait_for(lambda: all_idle(threads), 10, every=0.001)
        threads.add_task(Request(lambda: by.put(threading.get_ident())))
    assert len({by.get(timeout=10) for _ in range(50)}) == 1


def test_what_comes_at_once_is_done_at_once_and_what_is_too_much_waits(threads):
    together, done = threading.Barrier(8), SimpleQueue()
    for n in range(8):
        threads.add_task(Request(lambda n=n: (together.wait(30), done.put(n))))
    for n in range(8, 20):
        threads.add_task(Request(lambda n=n: done.put(n)))
    assert {done.get(timeout=30) for _ in range(20)} == set(range(20))


def test_a_thread_whose_request_broke_answers_the_next(threads):
    done = SimpleQueue()
    for _ in range(16):
        threads.add_task(Request(lambda: 1 / 0))
    threads.add_task(Request(lambda: done.put("well")))
    assert done.get(timeout=30) == "well"
    wait_for(lambda: all_idle(threads), 10)
    assert len(threads.threads) == 8


def test_all_threads_end_when_they_are_told(threads):
    assert threads.shutdown(timeout=10)
    assert not threads.threads
