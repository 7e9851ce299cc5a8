"""Firefox as Debian has it, driven by WebDriver BiDi (W3C): Playwright drives only builds of its own."""

import asyncio
import itertools
import json
import re
import subprocess
import time

from tornado.websocket import websocket_connect

LISTENING = re.compile(r"WebDriver BiDi listening on (ws://\S+)")
#: Of keys that are no letters, what WebDriver calls them.
KEYS = {
    "Tab": "\ue004",
    "Enter": "\ue007",
    "Escape": "\ue00c",
    "Left": "\ue012",
    "Right": "\ue014",
    "Down": "\ue015",
    "Space": " ",
}


class Firefox:
    """A page in a headless Firefox; `said` holds what it told its console."""

    def __init__(self, program, profile):
        told = profile / "told"
        with told.open("w") as file:
            self.process = subprocess.Popen(
                [program, "--headless", "--no-remote", "--remote-debugging-port=0", "--profile", str(profile)],
                stdout=subprocess.DEVNULL,
                stderr=file,
            )
        until = time.monotonic() + 60
        while not (found := LISTENING.search(told.read_text())):
            assert time.monotonic() < until, told.read_text()
            time.sleep(0.05)
        self.loop, self.numbers, self.said, self.asked = asyncio.new_event_loop(), itertools.count(1), [], []
        self.loop.run_until_complete(self._connect(found[1]))
        self.call("session.new", capabilities={})
        self.call("session.subscribe", events=["log.entryAdded", "network.beforeRequestSent"])
        # The first window of a headless Firefox has no focus, without which keys press no button.
        self.context = self.call("browsingContext.create", type="window")["context"]

    async def _connect(self, address):
        self.socket = await websocket_connect(f"{address}/session", max_message_size=2**28)

    def call(self, method, **params):
        """Send a command and return its result; events that come meanwhile are kept."""
        number = next(self.numbers)
        return self.loop.run_until_complete(self._call(number, method, params))

    async def _call(self, number, method, params):
        await self.socket.write_message(json.dumps({"id": number, "method": method, "params": params}))
        while True:
            told = json.loads(await asyncio.wait_for(self.socket.read_message(), 120))
            if told.get("method") == "log.entryAdded" and told["params"]["level"] in {"warn", "error"}:
                self.said.append(told["params"]["text"])
            if told.get("method") == "network.beforeRequestSent":
                self.asked.append(told["params"]["request"]["url"])
            if told.get("id") == number:
                assert told["type"] == "success", told
                return told["result"]

    def open(self, address, width=1280, height=720):
        viewport = {"width": width, "height": height}
        self.call("browsingContext.setViewport", context=self.context, viewport=viewport)
        self.call("browsingContext.navigate", context=self.context, url=address, wait="complete")

    def value(self, expression):
        """The value of a JavaScript expression, as JSON has it."""
        done = self.call(
            "script.evaluate",
            expression=f"JSON.stringify({expression})",
            target={"context": self.context},
            awaitPromise=True,
        )
        assert done["type"] == "success", done
        return json.loads(done["result"].get("value") or "null")

    def wait_for(self, expression):
        """The value of an expression as soon as it is true."""
        until = time.monotonic() + 60
        while not (value := self.value(expression)):
            assert time.monotonic() < until, f"it never came to this: {expression}"
            time.sleep(0.05)
        return value

    def press(self, *keys):
        """Press keys one after another: a name of `KEYS`, or letters that are typed."""
        letters = [letter for key in keys for letter in KEYS.get(key, key)]
        actions = [{"type": way, "value": letter} for letter in letters for way in ("keyDown", "keyUp")]
        source = {"type": "key", "id": "keyboard", "actions": actions}
        self.call("input.performActions", context=self.context, actions=[source])

    def close(self):
        self.socket.close()
        self.process.terminate()
        self.process.wait(20)
        self.loop.close()
