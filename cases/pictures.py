"""What becomes of an uploaded picture: decoded within bounds, turned upright, and written anew in a few sizes.

Nothing else of the upload is kept: no place and no camera, no colour profile, no comment, no hidden thumbnail."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO

from flask_babel import gettext as _
from PIL import ExifTags, Image, ImageCms, ImageFilter, UnidentifiedImageError

from cases.models import ImageFormat

MOST_BYTES = 10 * 1024 * 1024
MOST_PIXELS = 50_000_000
LEAST_SIDE = 64
WIDTHS = (320, 640, 1280)
LONGEST_SIDE = 2560
# What a blurred picture is made of: so many pixels along its longer side show that there is one, and no face.
TELLING = 12
FORMATS = ("JPEG", "PNG", "WEBP")
TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT, 3: Image.Transpose.ROTATE_180, 4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE, 6: Image.Transpose.ROTATE_270, 7: Image.Transpose.TRANSVERSE, 8: Image.Transpose.ROTATE_90,
}  # fmt: skip
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
        turn, image = _turn(image), _plain(image)
        image.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
        image = _flat(image)
        image = image if turn is None else image.transpose(turn)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise PictureRefused(_("Choose a picture with fewer pixels: at most 50 million.")) from None
    except UnidentifiedImageError:
        raise PictureRefused(_("Choose a picture in JPEG, PNG or WebP.")) from None
    except Exception:  # noqa: BLE001 - for a file made to do harm Pillow raises whatever its parts do
        raise PictureRefused(_("The file is damaged or cut short. Save the picture again and send that.")) from None
    if min(image.size) < LEAST_SIDE:
        raise PictureRefused(_("Choose a larger picture: at least 64 pixels wide and high."))
    return image


def _turn(image: Image.Image) -> Image.Transpose | None:
    """How the camera was held, where the file says so in a way that can be read."""
    try:
        said = image.getexif().get(ExifTags.Base.Orientation)
    except Exception:  # noqa: BLE001 - of what the file tells besides, nothing is worth refusing its picture
        return None
    return TURNS.get(said) if isinstance(said, int) else None


def _plain(image: Image.Image) -> Image.Image:
    """The same in eight bits, with what is transparent in a channel of its own."""
    if image.mode.startswith("I"):  # grey in 16 bits, which converting alone would cut off; one shade hides nothing
        return image.convert("I").point(lambda value: value / 257).convert("L")
    if image.mode in ("RGB", "RGBA", "L", "CMYK") and "transparency" not in image.info:
        return image
    return image.convert("RGBA")


def _flat(image: Image.Image) -> Image.Image:
    """The pixels alone, in sRGB, on white where the picture lets something through: a colour under it goes for good."""
    seen, alpha = (image.convert("RGB"), image.getchannel("A")) if image.mode == "RGBA" else (image, None)
    profile = image.info.get("icc_profile")
    if profile:
        try:
            given = ImageCms.ImageCmsProfile(BytesIO(profile))
            seen = ImageCms.profileToProfile(seen, given, SRGB, outputMode="RGB") or seen
        except (ImageCms.PyCMSError, OSError, TypeError, ValueError):
            pass  # a profile that does not fit its picture: the plain numbers are near enough
    flat = Image.new("RGB", image.size, "white")
    flat.paste(seen.convert("RGB"), mask=alpha)
    return flat


def _scaled(image: Image.Image, width: int) -> Image.Image:
    height = max(1, round(image.height * width / image.width))
    return image.resize((width, height), Image.Resampling.LANCZOS)


def _blurred(image: Image.Image) -> Image.Image:
    share = TELLING / max(image.size)
    tiny = image.resize([max(1, round(side * share)) for side in image.size], Image.Resampling.LANCZOS)
    size = (WIDTHS[0], max(1, round(image.height * WIDTHS[0] / image.width)))
    return tiny.resize(size, Image.Resampling.BICUBIC).filter(ImageFilter.GaussianBlur(12))


def _save(image: Image.Image, *, blurred: bool = False) -> Iterator[Made]:
    for name, options in SAVED.items():
        file = BytesIO()
        image.save(file, name.value.upper(), **options)
        yield Made(name, image.width, image.height, blurred, file.getvalue())
