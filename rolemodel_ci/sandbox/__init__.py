"""An AWS that lives in a child process on 127.0.0.1: for the demo, for `--sandbox` runs and for tests.

Here belong the emulator's process, the rules of AWS that it lacks (`strict`), and what it holds before a first run.
Not here: anything that a run against AWS needs.

Needs the extra `sandbox`. ministack is imported in the server process only, so importing this package costs nothing.
"""
