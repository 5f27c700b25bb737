"""`dbutils.widgets`."""

from __future__ import annotations

from runner_help import Helpful


class Widgets(Helpful):
    """Values come from the task's parameters, then from the widgets' defaults."""

    def __init__(self, parameters: dict[str, str]) -> None:
        self._parameters = dict(parameters)
        self._defaults: dict[str, str] = {}

    def text(self, name: str, defaultValue: str = "", label: str | None = None) -> None:  # noqa: N803
        """Makes a text widget."""
        self._defaults[name] = str(defaultValue)

    def dropdown(self, name: str, defaultValue: str, choices: list[str], label: str | None = None) -> None:  # noqa: N803
        """Makes a widget with a choice."""
        if defaultValue not in choices:
            raise ValueError(f"The default value {defaultValue!r} of the widget {name!r} is not one of its choices")
        self._defaults[name] = str(defaultValue)

    multiselect = dropdown

    def combobox(self, name: str, defaultValue: str, choices: list[str], label: str | None = None) -> None:  # noqa: N803
        self._defaults[name] = str(defaultValue)

    def get(self, name: str) -> str:
        """The value of a widget or parameter."""
        if name in self._parameters:
            return self._parameters[name]
        if name in self._defaults:
            return self._defaults[name]
        raise ValueError(f"InputWidgetNotDefined: No input widget named {name} is defined")

    def getArgument(self, name: str, defaultValue: str | None = None) -> str:  # noqa: N802, N803
        known = name in self._parameters or name in self._defaults
        return self.get(name) if known or defaultValue is None else defaultValue

    def getAll(self) -> dict[str, str]:  # noqa: N802
        """The values of all widgets and parameters."""
        return {**self._defaults, **self._parameters}

    def remove(self, name: str) -> None:
        self._defaults.pop(name, None)

    def removeAll(self) -> None:  # noqa: N802
        self._defaults.clear()

    def set_argument(self, name: str, value: str) -> None:
        """An argument of `%run`."""
        self._parameters[name] = value
