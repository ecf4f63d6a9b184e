"""Public pages that join rooms: start page, cases, news, privacy."""

from datetime import date
from typing import Any

from flask import Blueprint, Response, abort, jsonify, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import format_date

from cases import images
from cases import services as case_services
from cases.comments import keeping as comments_kept
from cases.comments import services as comment_services
from cases.models import ImageFormat
from cases.translations import services as translations
from cases.translations.services import Reading
from core import clock, countries, languages
from core.guards import cacheable
from core.switches import switches
from deliveries import wishes
from deliveries.clerk import services as clerk
from deliveries.sampling import services as sampling
from donations.own_page import keeping
from pages import frozen, services
from petitions import deadlines
from petitions.services import PetitionNotFound
from petitions.versions import translations as petition_translations

pages = Blueprint("pages", __name__)
pages.app_errorhandler(case_services.CaseFrozen)(frozen.answer)
pages.app_errorhandler(case_services.CaseNotFound)(frozen.missing)
pages.app_errorhandler(PetitionNotFound)(frozen.missing)

NEWS_PAGE = 20
LATEST_COMMENTS = 3


@pages.app_template_filter("month_name")
def month_name(first_day: date) -> str:
    """A month as a person reads it: May 2010."""
    return str(format_date(first_day, "LLLL y"))


@pages.get("/")
def home() -> Response:
    return _page("home/index.html", **vars(services.home()))


@pages.get("/cases/")
def cases() -> Response:
    return _page("cases/index.html", cases=case_services.list_public())


@pages.get("/cases/<slug>")
def case(slug: str) -> Response:
    return _case_page(translations.reading(case_services.get_case(slug)))


@pages.get("/<language>/cases/<slug>")
def translated_case(language: str, slug: str) -> Response:
    reading = translations.reading(case_services.get_case(slug), language)
    with languages.site_in(language):
        return _case_page(reading)


def _case_page(reading: Reading) -> Response:
    found = reading.case
    petitions, totals = services.petitions_of(found)
    coming = case_services.next_date(found, clock.now().date())
    return _page(
        "cases/case.html",
        case=found,
        told=reading,
        petitions=petitions,
        readings=petition_translations.readings_beside(petitions, reading.language),
        totals=totals,
        next_date=coming,
        raised=services.raised(found),
        comments=comment_services.shown(found, limit=LATEST_COMMENTS),
        commented=comment_services.count(found),
        takes_comments=switches().comments and found.takes_comments,
        country_name=countries.name_of,
    )


@pages.get("/cases/<slug>.json")
def case_document(slug: str) -> Response:
    return cacheable(jsonify(services.case_document(case_services.get_case(slug))))


@pages.get("/images/<digest>.<any(webp, jpeg):format>")
def image(digest: str, format: str) -> Response:
    """A picture of a case; browsers keep it for good, caches in between ask again each second whether it may be seen."""
    file = images.public_file(digest, ImageFormat(format))
    response = Response(file.body, mimetype=f"image/{format}")
    response.headers["Cache-Control"] = "public, max-age=31536000, immutable, s-maxage=1"
    response.set_etag(digest)
    response.make_conditional(request)
    return response


@pages.get("/news/")
def news() -> Response:
    before = request.args.get("before")
    events = case_services.news(before=before, limit=NEWS_PAGE + 1)
    older = case_services.place(events[NEWS_PAGE - 1]) if len(events) > NEWS_PAGE else None
    shown = events[:NEWS_PAGE]
    return _page("pages/news.html", events=shown, older=older, paged=bool(before), months=case_services.months())


@pages.get("/news/<int(fixed_digits=4):year>/<string(maxlength=2):month>/")
def news_of_month(year: int, month: str) -> ResponseReturnValue:
    if not (month.isascii() and month.isdigit()):
        abort(404)
    if len(month) == 1:
        return redirect(url_for(".news_of_month", year=year, month=month.zfill(2)), 301)
    events = case_services.news_of_month(year, int(month))
    months = case_services.months()
    return _page("pages/news.html", events=events, month=date(year, int(month), 1), months=months)


@pages.get("/privacy")
def privacy() -> Response:
    return _page(
        "pages/privacy.html",
        clocks=deadlines,
        gifts=keeping,
        said=comments_kept,
        lists=wishes,
        clerk=clerk,
        asked=sampling,
        retention_days=deadlines.AFTER_DELIVERY.days,
    )


def _page(template: str, **context: Any) -> Response:
    return cacheable(make_response(render_template(template, **context)))
