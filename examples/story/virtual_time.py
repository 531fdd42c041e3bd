"""An event loop that waits for nothing: where all of its coroutines sleep, its clock goes to the next one's end."""

import asyncio
import selectors


class VirtualLoop(asyncio.SelectorEventLoop):
    def __init__(self):
        self.now = 0.0
        super().__init__(Selector(self))

    def time(self):
        return self.now


class Selector(selectors.DefaultSelector):
    def __init__(self, loop):
        super().__init__()
        self.loop = loop

    def select(self, timeout=None):
        ready = super().select(0)
        if not ready:
            self.loop.now += timeout or 0
        return ready
