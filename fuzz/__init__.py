"""Fuzzing: everything that reads bytes or text of strangers, fed with what nobody would write.

`targets` says what is fed and what must hold; `python -m fuzz` feeds it, guided by the lines it reaches, each target in
a process of its own with bounds on memory and time. The targets know the public face of what they feed and nothing of
the fuzzer, so that the test suite runs them too, on their seeds.
"""
