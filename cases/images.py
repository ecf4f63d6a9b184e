"""Pictures of cases as they are kept and served. They lie in the database: the machines share nothing else."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from sqlalchemy import select
from sqlalchemy.orm import undefer

from cases.models import Case, CaseImage, CaseStatus, ImageFile, ImageFormat, Person
from core.db import RowNotFound, db

if TYPE_CHECKING:
    from cases.pictures import Made

MOST = 12  # of a case


class ImageNotFound(RowNotFound):
    """No such picture, or one that the public may not see now."""


class TooManyImages(ValueError):
    """A case holds no more pictures."""


def add(case: Case, *, person: Person | None, files: "Sequence[Made]", alt: str, credit: str) -> CaseImage:
    """Keeps a picture of the case or of a person in it. Raises TooManyImages."""
    if len(case.images) >= MOST:
        raise TooManyImages
    widest = files[-1]
    image = CaseImage(
        person_id=person and person.id, alt=alt, credit=credit, width=widest.width, height=widest.height,
    )  # fmt: skip
    image.files = [
        ImageFile(
            digest=file.digest,
            format=file.format,
            width=file.width,
            height=file.height,
            blurred=file.blurred,
            body=file.body,
        )
        for file in files
    ]
    case.images.append(image)
    db.session.flush()
    return image


def public_file(digest: str, name: ImageFormat) -> ImageFile:
    """A file with its bytes, while the public may see it: of a blurred case only what is blurred. Raises ImageNotFound."""
    wanted = select(ImageFile).join(ImageFile.image).join(CaseImage.case).options(undefer(ImageFile.body))
    seen = (
        Case.status != CaseStatus.DRAFT,
        Case.frozen_at.is_(None),
        ImageFile.blurred == Case.blurred_at.is_not(None),
    )
    file = db.session.scalars(
        wanted.where(ImageFile.digest == digest, ImageFile.format == name, *seen).limit(1)
    ).first()
    if file is None:
        raise ImageNotFound(digest)
    return file


def thumbnail(image: CaseImage) -> bytes:
    """The smallest sharp file, for the office."""
    sharp = (ImageFile.image_id == image.id, ImageFile.format == ImageFormat.JPEG, ImageFile.blurred.is_(False))
    return db.session.scalars(select(ImageFile.body).where(*sharp).order_by(ImageFile.width).limit(1)).one()
