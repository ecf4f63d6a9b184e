"""What the office says of imports: systems, columns, states, and what to do about each line that stays out."""

from flask_babel import lazy_gettext as _l

from petitions.states import ImportOrigin, ImportState, Refusal

ORIGINS = {
    ImportOrigin.CHANGE_ORG: "Change.org", ImportOrigin.ACTION_NETWORK: "Action Network", ImportOrigin.CIVICRM: "CiviCRM",
    ImportOrigin.SPEAKOUT: "SpeakOut", ImportOrigin.OTHER: _l("another system"),
}  # fmt: skip
FIELDS = {
    "name": _l("Whole name"), "first_name": _l("First name"), "last_name": _l("Last name"), "email": _l("Email address"),
    "country": _l("Country"), "city": _l("Town"), "postal_code": _l("Postal code"), "affiliation": _l("Organisation"),
    "comment": _l("Comment"), "signed_on": _l("Signed on"), "updates": _l("Wants news (yes or no)"),
    "no_mail": _l("Wants no mail (yes or no)"), "confirmed": _l("Confirmed there (yes or no)"),
}  # fmt: skip
STATES = {
    ImportState.COUNTING: _l("Being counted"), ImportState.WAITING: _l("Waits for you"), ImportState.RUNNING: _l("Running"),
    ImportState.DONE: _l("Done"), ImportState.CANCELLED: _l("Stopped"), ImportState.UNDOING: _l("Being taken back"),
    ImportState.UNDONE: _l("Taken back"),
}  # fmt: skip
REASONS = {
    Refusal.QUOTES: _l("A quotation mark in this line is never closed. Close it, or remove it."),
    Refusal.COLUMNS: _l("This line has more or fewer cells than the first one. Look for a missing quotation mark or comma."),
    Refusal.NO_NAME: _l("There is no name on this line. Write it."),
    Refusal.NAME: _l("The name is no name: it holds a web address, no letter, hidden signs, or more than 120 characters."),
    Refusal.NO_COUNTRY: _l("There is no country on this line. Choose one for all lines without, or write it."),
    Refusal.COUNTRY: _l("The country is not known. Write it like Germany or DE."),
    Refusal.EMAIL: _l("The email address cannot be right. Write it like name@example.org, or empty the cell."),
    Refusal.TEXT: _l("A cell of this line is too long, or holds hidden signs. Shorten it or type it again."),
    Refusal.DATE: _l("The date cannot be read. Write it like 2021-05-31, or leave the column out."),
    Refusal.FUTURE: _l("The date has not come yet. See whether days and months are the right way round."),
    Refusal.UNCONFIRMED: _l("This person had not confirmed there, so there is nothing to take over."),
    Refusal.REPEATED: _l("The same person stands on an earlier line of this file."),
    Refusal.IMPORTED: _l("The same person came in by an earlier import."),
    Refusal.SIGNED: _l("This address has signed here already, and is counted as confirmed."),
    Refusal.DISOWNED: _l("The owner of this address said “I never signed this”. Leave it out."),
}  # fmt: skip
ORDERS = {
    "dmy": _l("Day, month, year: 31/05/2021"), "mdy": _l("Month, day, year: 05/31/2021"),
    "ymd": _l("Year, month, day: 2021-05-31"),
}  # fmt: skip
ENCODINGS = {
    "utf-8": "UTF-8", "utf-8-sig": "UTF-8", "utf-16": "UTF-16", "utf-16-le": "UTF-16", "utf-16-be": "UTF-16",
    "windows-1252": _l("Windows-1252, a guess: look whether accents and umlauts are right below"),
}  # fmt: skip
DELIMITERS = {",": _l("commas"), ";": _l("semicolons"), "\t": _l("tabs"), "|": _l("upright strokes")}
