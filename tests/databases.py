"""The addresses of the databases of a test run."""

from dataclasses import dataclass


@dataclass(slots=True)
class Databases:
    """The server of the run; `name` is the worker's own database."""

    template: str
    name: str = ""

    def url(self, name: str | None = None, role: str = "conto_app") -> str:
        """The address of a database for a role."""
        return self.template.replace("NAME", name or self.name).replace("ROLE", role)
