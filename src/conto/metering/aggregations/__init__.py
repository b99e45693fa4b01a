"""The statements that answer the questions to the event store, a module for each kind of aggregation."""
