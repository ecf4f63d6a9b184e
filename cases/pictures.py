"""What becomes of an uploaded picture: decoded within bounds, turned upright, and written anew in a few sizes.

Nothing else of the upload is kept: no place and no camera, no colour profile, no comment, no hidden thumbnail."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO

from flask_babel import gettext as _
from PIL import Image, ImageCms, ImageFilter, ImageOps, UnidentifiedImageError

from cases.models import ImageFormat

MOST_BYTES = 10 * 1024 * 1024
MOST_PIXELS = 50_000_000
LEAST_SIDE = 64
WIDTHS = (320, 640, 1280)
LONGEST_SIDE = 2560
TELLING = 12  # what a blurred picture is made of: so many pixels across show that there is one, and no face
FORMATS = ("JPEG", "PNG", "WEBP")
SAVED: dict[ImageFormat, dict[str, int | bool]] = {
    ImageFormat.WEBP: {"quality": 78, "method": 4},
    ImageFormat.JPEG: {"quality": 80, "optimize": True, "progressive": True},
}

Image.MAX_IMAGE_PIXELS = MOST_PIXELS
SRGB = ImageCms.createProfile("sRGB")


class PictureRefused(ValueError):
    """Not a picture that can be taken; the text says what to do."""


@dataclass(frozen=True)
class Made:
    """A file made of a picture."""

    format: ImageFormat
    width: int
    height: int
    blurred: bool
    body: bytes

    @property
    def digest(self) -> str:
        """Names the content."""
        return hashlib.sha256(self.body).hexdigest()[:32]


def make(raw: bytes) -> list[Made]:
    """Every file of a picture, the widest sharp one last. Raises PictureRefused."""
    if len(raw) > MOST_BYTES:
        raise PictureRefused(_("Choose a smaller file: a picture may have 10 MB."))
    image = _upright(raw)
    widths = sorted({min(width, image.width) for width in WIDTHS})
    return [*_save(_blurred(image), blurred=True), *(file for width in widths for file in _save(_scaled(image, width)))]


def _upright(raw: bytes) -> Image.Image:
    """The first picture in the file, as seen, in plain sRGB."""
    try:
        image: Image.Image = Image.open(BytesIO(raw), formats=FORMATS)
        if image.width * image.height > MOST_PIXELS:
            raise Image.DecompressionBombError
        image.draft("RGB", (LONGEST_SIDE, LONGEST_SIDE))
        image.load()
        if image.mode not in ("RGB", "RGBA", "L", "CMYK"):
            image = image.convert("RGBA")
        image.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
        image = _flat(ImageOps.exif_transpose(image))
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise PictureRefused(_("Choose a picture with fewer pixels: at most 50 million.")) from None
    except UnidentifiedImageError:
        raise PictureRefused(_("Choose a picture in JPEG, PNG or WebP.")) from None
    except (OSError, ValueError, SyntaxError, EOFError, IndexError):  # what Pillow raises for damaged files
        raise PictureRefused(_("The file is damaged or cut short. Save the picture again and send that.")) from None
    if min(image.size) < LEAST_SIDE:
        raise PictureRefused(_("Choose a larger picture: at least 64 pixels wide and high."))
    return image


def _flat(image: Image.Image) -> Image.Image:
    """The pixels alone, on white where the picture lets something through."""
    profile = image.info.get("icc_profile")
    if profile:
        try:
            given = ImageCms.ImageCmsProfile(BytesIO(profile))
            image = ImageCms.profileToProfile(image, given, SRGB, outputMode="RGB") or image
        except (ImageCms.PyCMSError, OSError):
            pass  # a profile that does not fit its picture: the plain numbers are near enough
    flat = Image.new("RGB", image.size, "white")
    if image.mode == "RGBA":
        flat.paste(image.convert("RGB"), mask=image.getchannel("A"))
    else:
        flat.paste(image.convert("RGB"))
    return flat


def _scaled(image: Image.Image, width: int) -> Image.Image:
    height = max(1, round(image.height * width / image.width))
    return image.resize((width, height), Image.Resampling.LANCZOS)


def _blurred(image: Image.Image) -> Image.Image:
    tiny = _scaled(image, TELLING)
    size = (WIDTHS[0], max(1, round(image.height * WIDTHS[0] / image.width)))
    return tiny.resize(size, Image.Resampling.BICUBIC).filter(ImageFilter.GaussianBlur(12))


def _save(image: Image.Image, *, blurred: bool = False) -> Iterator[Made]:
    for name, options in SAVED.items():
        file = BytesIO()
        image.save(file, name.value.upper(), **options)
        yield Made(name, image.width, image.height, blurred, file.getvalue())
