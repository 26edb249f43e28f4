"""A headless Chromium, spoken to over a pipe: pages are loaded, looked at in several media, and clicked.

The protocol is that of the DevTools, with `--remote-debugging-pipe`: no port, no other package.
"""

from __future__ import annotations

import base64
import fcntl
import json
import os
import select
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

PROGRAM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
_OPTIONS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--no-default-browser-check"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
    *("--disable-extensions", "--disable-dev-shm-usage", "--hide-scrollbars", "--remote-debugging-pipe"),
)
_WAIT = 60.0


class Browser:
    """One page of a browser, and all that it said and asked for."""

    def __init__(self, read: int, write: int) -> None:
        self._read, self._write, self._buffer, self._last = read, write, b"", 0
        self._session = ""
        self.messages: list[str] = []
        """What was written to the console, and errors."""
        self.requests: list[str] = []
        """Every address that was asked for."""
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.call(f"{domain}.enable")

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """The answer to one command."""
        self._last += 1
        message: dict[str, Any] = {"id": self._last, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._write, json.dumps(message).encode() + b"\0")
        while (found := self._next()).get("id") != self._last:
            self._note(found)
        if "error" in found:
            raise RuntimeError(f"{method}: {found['error']['message']}")
        result: dict[str, Any] = found["result"]
        return result

    def open(self, page: Path, settle: bool = True) -> None:
        """Load a file, and wait until it is shown; with `settle`, until it is drawn, which takes scripts."""
        self.messages.clear()
        self.requests.clear()
        self.call("Page.navigate", url=page.as_uri())
        while (found := self._next()).get("method") != "Page.loadEventFired":
            self._note(found)
        if settle:
            self.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")

    def evaluate(self, expression: str) -> Any:
        """The value of an expression in the page."""
        found = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in found:
            raise RuntimeError(found["exceptionDetails"]["exception"].get("description", expression))
        return found["result"].get("value")

    def texts(self, selector: str) -> list[str]:
        """The sources of the elements that a selector finds, without a script of the page's."""
        root = self.call("DOM.getDocument", depth=0)["root"]["nodeId"]
        nodes = self.call("DOM.querySelectorAll", nodeId=root, selector=selector)["nodeIds"]
        return [self.call("DOM.getOuterHTML", nodeId=node)["outerHTML"] for node in nodes]

    def size(self, width: int, height: int = 900) -> None:
        """Show the page in a window of this size."""
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=False,
        )

    def media(self, kind: str = "", **features: str) -> None:
        """Show the page as on `screen` or in `print`, and with features such as prefers_color_scheme."""
        named = [{"name": name.replace("_", "-"), "value": value} for name, value in features.items()]
        self.call("Emulation.setEmulatedMedia", media=kind, features=named)

    def scripts(self, run: bool) -> None:
        """Whether scripts of the pages that are loaded from now on run."""
        self.call("Emulation.setScriptExecutionDisabled", value=not run)

    def press(self, key: str, code: int, text: str = "") -> None:
        """Press and release one key."""
        for kind in ("keyDown", "keyUp"):
            extra = {"text": text} if text and kind == "keyDown" else {}
            self.call(
                "Input.dispatchKeyEvent", type=kind, key=key, code=key, windowsVirtualKeyCode=code, **extra
            )

    def screenshot(self, path: Path) -> None:
        """The whole page as an image."""
        data = self.call("Page.captureScreenshot", captureBeyondViewport=True)["data"]
        path.write_bytes(base64.b64decode(data))

    def pdf(self) -> bytes:
        """The page as it is printed."""
        return base64.b64decode(self.call("Page.printToPDF", preferCSSPageSize=True)["data"])

    def _note(self, found: dict[str, Any]) -> None:
        method, facts = found.get("method"), found.get("params", {})
        if method == "Runtime.consoleAPICalled":
            self.messages.append(" ".join(str(part.get("value")) for part in facts["args"]))
        elif method == "Runtime.exceptionThrown":
            self.messages.append(facts["exceptionDetails"]["text"])
        elif method == "Log.entryAdded":
            self.messages.append(facts["entry"]["text"])
        elif method == "Network.requestWillBeSent":
            self.requests.append(facts["request"]["url"])

    def _next(self) -> dict[str, Any]:
        end = time.monotonic() + _WAIT
        while b"\0" not in self._buffer:
            if not select.select([self._read], [], [], max(0.0, end - time.monotonic()))[0]:
                raise TimeoutError(f"the browser says nothing for {_WAIT:.0f} s")
            data = os.read(self._read, 1 << 20)
            if not data:
                raise RuntimeError("the browser has ended")
            self._buffer += data
        message, _, self._buffer = self._buffer.partition(b"\0")
        found: dict[str, Any] = json.loads(message)
        return found


@contextmanager
def browser(profile: Path) -> Iterator[Browser]:
    """Start a browser with a new profile in a folder, and end it."""
    assert PROGRAM is not None
    (told, tell), (hear, say) = os.pipe(), os.pipe()
    high = [fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, 10) for end in (told, say)]
    for end in (told, say):
        os.close(end)

    def connect() -> None:
        os.dup2(high[0], 3)
        os.dup2(high[1], 4)

    with (profile / "browser.log").open("wb") as log:
        process = subprocess.Popen(
            [PROGRAM, *_OPTIONS, f"--user-data-dir={profile}", "about:blank"],
            stdout=log, stderr=log, stdin=subprocess.DEVNULL, preexec_fn=connect, pass_fds=(3, 4),
            env=os.environ | {"TMPDIR": str(profile)},
        )  # fmt: skip
    for end in high:
        os.close(end)
    try:
        yield Browser(hear, tell)
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        os.close(hear)
        os.close(tell)
