"""The mathematics of billing: pure functions of values. No database, no clock, no input or output."""
