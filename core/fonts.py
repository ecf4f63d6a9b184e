"""Which scripts a PDF of this machine can show; typst itself brings Latin, Greek and Cyrillic."""

WANTED = {
    "Noto Sans Arabic": "Arabic", "Noto Sans Hebrew": "Hebrew", "Noto Sans Devanagari": "Hindi",
    "Noto Sans CJK SC": "Chinese, Japanese and Korean", "Noto Sans Georgian": "Georgian", "Noto Sans Armenian": "Armenian",
}  # fmt: skip


def missing() -> list[str]:
    """Scripts that no installed font draws; Debian's fonts-noto-core and fonts-noto-cjk bring them all."""
    from typst import Fonts  # seven megabytes that only the doctor needs; PDFs are set in a process of their own

    known = set(Fonts().families())
    return [script for family, script in WANTED.items() if family not in known]
