"""What a call costs and how exact a cut is: the bench behind `make bench`.

One bridge process has core 0 to itself. Core 1 has this process: the phones and the scripted model, lean enough to
carry many hundred calls. The same load goes through three candidates in turn: our bridge as `twilio-rt serve` runs it,
a raw byte relay (the floor: nothing cheaper can stand between two sockets on this loop) and a plain reference bridge.
Absolute figures belong to a machine; the ratios to the relay, taken in the same run, are what is kept and compared.

`python -m tests.bench.run --help` says what can be asked. Needs Linux: CPU time and waiting are read from /proc.
"""
