"""`demo`: sandbox and daemon together on sample rules; no key, no network.

Both share one clock that runs sixty times as fast, so that half an hour is seen in half a minute.
"""

from controller.cli.demo.command import demo

__all__ = ["demo"]
