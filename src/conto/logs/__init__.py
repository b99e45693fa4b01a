"""The logs of an organization: what happened to its objects, and the calls that changed something (chapter 72 §3)."""
