"""The guards: what each refuses, exactly from which number on, and what lets the plan pass."""
