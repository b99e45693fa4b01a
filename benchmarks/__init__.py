"""Benchmarks: what the server does in a second, each beside a raw limit measured in the same run.

Both sides of a ratio take turns over several rounds, so that other work on the machine weighs on both;
tables show medians. They are no tests, and assert that what was measured has really been done.
"""
