"""The domain's own expectations, and what runs suites of them.

Modules that define expectation classes subclass GX and so import it when imported: import them inside a run only.
"""
