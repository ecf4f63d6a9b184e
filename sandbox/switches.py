"""What the driving page has switched on, in the file, so that it outlives a restart."""

from dataclasses import dataclass

from .store import Ledger


@dataclass(frozen=True)
class Switch:
    """One thing that can be otherwise than usual; {n} in its texts is the value."""

    name: str
    usually: str
    otherwise: str
    undo: str  # what its buttons say
    do: str
    values: tuple[int, ...] = (1,)
    usual: int = 0

    def words(self, value: int) -> str:
        """The sentence for a value."""
        return self.usually if value == self.usual else self.otherwise.format(n=value)

    def button(self, value: int) -> str:
        """What the button says that sets this value."""
        return self.undo if value == self.usual else self.do.format(n=value)


SWITCHES = (
    Switch("hold", "Webhooks go out.", "Webhooks are held back.", "Release webhooks", "Hold webhooks"),
    Switch(
        "drop", "No event gets lost.", "Events get lost on their way: the next {n}.", "Lose no more", "Lose the next {n}",
        (1, 5),
    ),
    Switch("repeat", "Each event comes once.", "Each event comes {n} times.", "Once", "{n} times", (2, 10), usual=1),
    Switch("shuffle", "Events come in their order.", "Waiting events come in any order.", "Keep the order", "Shuffle"),
    Switch("slow", "The API answers at once.", "The API answers after {n} seconds.", "At once", "After {n} seconds", (3, 30)),
    Switch("down", "The API is well.", "The API answers every request with 500.", "Make it well", "Answer with 500"),
    Switch(
        "turned_away", "The API takes every request.", "The API answers every request with {n}.", "Take requests",
        "Answer with {n}", (401, 403, 429),
    ),
    Switch("silent", "The API speaks.", "The API takes requests and never answers.", "Let it speak", "Never answer"),
    Switch("pending_refunds", "Refunds by card arrive at once.", "Refunds stay pending.", "Let them arrive", "Keep pending"),
)  # fmt: skip
USUAL = {switch.name: switch.usual for switch in SWITCHES}


def state(ledger: Ledger) -> dict[str, int]:
    """Every switch as it stands."""
    rows = ledger.connection.execute("SELECT name, value FROM switches").fetchall()
    return USUAL | {row["name"]: row["value"] for row in rows if row["name"] in USUAL}


def turn(ledger: Ledger, name: str, value: int) -> None:
    """Set one switch."""
    ledger.connection.execute("INSERT OR REPLACE INTO switches (name, value) VALUES (?, ?)", (name, value))


def reset(ledger: Ledger) -> None:
    """Everything as usual again."""
    ledger.connection.execute("DELETE FROM switches")
