"""`dbutils.help()` and the help of each of its parts."""

from __future__ import annotations


class Helpful:
    """A part of dbutils that can say what it has got."""

    def help(self, name: str = "") -> None:
        """Prints what there is, or one of it."""
        import inspect

        for each, member in inspect.getmembers(type(self), inspect.isfunction):
            if each.startswith("_") or (name and each != name):
                continue
            about = (inspect.getdoc(member) or "").partition("\n")[0]
            shown = ", ".join(list(inspect.signature(member).parameters)[1:])
            print(f"{each}({shown}){': ' if about else ''}{about}")
