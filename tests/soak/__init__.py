"""What calls leave behind: the soak behind `make soak`.

Thousands of short calls, each of which ends in another way and at another point, then many long ones at full rate. The
bridge is `twilio-rt serve` in a process of its own; before and after, it is asked for its memory, descriptors, threads,
tasks, timers and objects. `python -m tests.soak.run --help` says what can be asked. Needs Linux, as the bench does.
"""
