"""A form of an office page as a browser would send it, untouched."""

from html.parser import HTMLParser


class Forms(HTMLParser):
    """Every form of a page: where it leads, and the fields that it would send."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str]]] = []
        self._fields: dict[str, str] | None = None
        self._select, self._area = "", ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._fields = {}
            self.found.append((given.get("action", ""), self._fields))
        elif self._fields is not None:
            self._control(self._fields, tag, given)

    def _control(self, fields: dict[str, str], tag: str, given: dict[str, str]) -> None:
        name, sends = (
            given.get("name", ""),
            given.get("type") not in ("checkbox", "radio", "file") or "checked" in given,
        )
        if tag == "input" and name and sends:
            fields[name] = given.get("value", "on")
        elif tag == "select":
            self._select = name
        elif tag == "option" and self._select and ("selected" in given or self._select not in fields):
            fields[self._select] = given.get("value", "")
        elif tag == "textarea":
            self._area, fields[name] = name, ""

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._fields = None
        elif tag == "select":
            self._select = ""
        elif tag == "textarea":
            self._area = ""

    def handle_data(self, data: str) -> None:
        if self._area and self._fields is not None:
            self._fields[self._area] += data.removeprefix("\n")


def form_of(page: str, path: str) -> dict[str, str]:
    """The fields of the page's form that leads to this path; none where there is no such form."""
    leading = [fields for action, fields in Forms(page).found if action in ("", path)]
    return next((fields for fields in leading if "csrf_token" in fields), {})
