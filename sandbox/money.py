"""Currencies as Stripe takes them: which there are, how many decimals, the least and the most."""

# ruff: noqa: SIM905  (a table of words reads best as words)
from .errors import InvalidRequest

MOST = 99_999_999  # Stripe takes amounts of at most eight digits

NO_DECIMALS = frozenset("bif clp djf gnf jpy kmf krw mga pyg rwf vnd vuv xaf xof xpf".split())
THREE_DECIMALS = frozenset("bhd jod kwd omr tnd".split())  # the last digit must be 0
WHOLE_HUNDREDS = frozenset("isk ugx".split())  # no decimals, yet sent times 100
TWO_DECIMALS = frozenset(
    """aed afn all amd ang aoa ars aud awg azn bam bbd bdt bgn bmd bnd bob brl bsd bwp byn bzd cad cdf chf
    cny cop crc cve czk dkk dop dzd egp etb eur fjd fkp gbp gel gip gmd gtq gyd hkd hnl htg huf idr ils inr
    jmd kes kgs khr kyd kzt lak lbp lkr lrd lsl mad mdl mkd mmk mnt mop mur mvr mwk mxn myr mzn nad ngn nio
    nok npr nzd pab pen pgk php pkr pln qar ron rsd rub sar sbd scr sek sgd shp sle sos srd std szl thb tjs
    top try ttd twd tzs uah usd uyu uzs wst xcd yer zar zmw""".split()
)
CURRENCIES = NO_DECIMALS | THREE_DECIMALS | WHOLE_HUNDREDS | TWO_DECIMALS

# Source: Stripe's list of minimum charge amounts, for currencies that can be settled.
LEAST = {
    "aed": 200, "aud": 50, "bgn": 100, "brl": 50, "cad": 50, "chf": 50, "czk": 1500, "dkk": 250, "eur": 50,
    "gbp": 30, "hkd": 400, "huf": 17500, "inr": 50, "jpy": 50, "mxn": 1000, "myr": 200, "nok": 300,
    "nzd": 50, "pln": 200, "ron": 200, "sek": 300, "sgd": 50, "thb": 1000, "usd": 50,
}  # fmt: skip

USUAL_FIXED_FEE = 30  # minor units: what a card payment costs on top of its share
FIXED_FEE = {
    "chf": 30, "czk": 650, "dkk": 180, "eur": 25, "gbp": 20, "huf": 8500, "isk": 4500, "jpy": 40, "krw": 400,
    "kwd": 100, "kzt": 15000, "nok": 200, "pln": 100, "ron": 100, "sek": 180, "try": 1000, "usd": 30,
}  # fmt: skip


def currency(name: str, value: object) -> str:
    """The rule for a currency code; the answer is in lower case."""
    code = str(value).lower()
    if code not in CURRENCIES:
        raise InvalidRequest(f"Invalid currency: {code}", param=name)
    return code


def check_step(amount: int, code: str, param: str) -> None:
    """Raise InvalidRequest where the amount's last digits cannot be in this currency."""
    step = 10 if code in THREE_DECIMALS else 100 if code in WHOLE_HUNDREDS else 1
    if amount % step:
        message = f"Invalid amount: in {code.upper()} it must be a multiple of {step}"
        raise InvalidRequest(message, param=param, code="parameter_invalid_integer")


def check_total(amount: int, code: str) -> None:
    """Raise InvalidRequest where Stripe would find the total too small or too large."""
    least = LEAST.get(code, 1)
    if amount < least:
        message = f"The total amount must be at least {shown(least, code)}"
        raise InvalidRequest(message, param="line_items", code="amount_too_small")
    if amount > MOST:
        message = f"The total amount must be no more than {shown(MOST, code)}"
        raise InvalidRequest(message, param="line_items", code="amount_too_large")


def shown(amount: int, code: str) -> str:
    """An amount for people: `25.00 EUR`, `500 JPY`."""
    if code in NO_DECIMALS:
        return f"{amount:,} {code.upper()}"
    decimals = 3 if code in THREE_DECIMALS else 2
    units, rest = divmod(amount, 10**decimals)
    return f"{units:,}.{rest:0{decimals}d} {code.upper()}"
