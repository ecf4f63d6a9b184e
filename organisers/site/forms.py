"""What organisers say of the site themselves."""

from flask_babel import lazy_gettext as _l

from core.templating import LICENCES
from organisers.fields import Choice, OfficeForm


class LicenceForm(OfficeForm):
    licence = Choice(
        _l("Licence of the site's texts"),
        choices=[("", _l("Say nothing of it")), *((key, name) for key, (name, _url) in LICENCES.items())],
    )
