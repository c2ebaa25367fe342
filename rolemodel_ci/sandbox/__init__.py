"""An AWS that lives in a child process on 127.0.0.1: for the demo, for `--sandbox` runs and for tests.

Needs the extra `sandbox`. ministack is imported in the server process only, so importing this package costs nothing.
"""
