"""Where results go: a schema of a catalog, its tables and the model. Imports nothing but Python."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

MODEL = "implied_volatility"
#: Tag or property by which jobs, tables, schemas, experiments and runs say which deployment made them.
OWNER = "accelerator-deployment"
_LONGEST = 255
# Unity Catalog's rule for names of objects.
_FORBIDDEN = re.compile(r"[./\s\x00-\x1f\x7f]")
_WITHOUT_UNITY = ("hive_metastore", "spark_catalog")


@dataclass(frozen=True)
class Destination:
    """A schema by the names of its catalog and its own, in lower case, as Unity Catalog keeps them."""

    catalog: str
    schema: str

    @property
    def quoted(self) -> str:
        """The schema as SQL wants it."""
        return f"{_quote(self.catalog)}.{_quote(self.schema)}"

    def sql(self, table: str) -> str:
        """A table's name of three levels as SQL wants it."""
        return f"{self.quoted}.{_quote(table)}"

    def name(self, table: str) -> str:
        """A table's name of three levels for people, links and other programs."""
        return f"{self.catalog}.{self.schema}.{table}"

    @property
    def in_unity_catalog(self) -> bool:
        """Whether models can be registered in this catalog."""
        return self.catalog not in _WITHOUT_UNITY

    @property
    def model(self) -> str:
        """Name of the registered model: of three levels in Unity Catalog, plain in the workspace's own registry."""
        return self.name(MODEL) if self.in_unity_catalog else MODEL


def identifier(widgets: Mapping[str, str], name: str, *, may_be_empty: bool = False) -> str:
    """The widget's text as a name that Unity Catalog allows, in lower case; ValueError otherwise."""
    text = widgets[name].strip()
    if not text and may_be_empty:
        return ""
    if not text or len(text) > _LONGEST or _FORBIDDEN.search(text):
        raise ValueError(
            f"Widget {name}: {text!r} is no name of a {name}: 1 to {_LONGEST} characters,"
            " none of them a space, a dot, a slash or a control character."
        )
    return text.lower()


def _quote(name: str) -> str:
    return "`" + name.replace("`", "``") + "`"
