"""/dev/mail: the mails of a demo on one's own machine."""

from flask import Blueprint, Response, current_app, render_template

from pages import kept_mails

dev_mail = Blueprint("dev_mail", __name__, url_prefix="/dev/mail")


@dev_mail.get("", strict_slashes=False)
def index() -> str:
    return render_template("dev/mails.html", mails=kept_mails.latest(current_app.config["UNDERSIGNED"].mail_folder))


@dev_mail.get("/<mail_id>")
def show(mail_id: str) -> str:
    mail = kept_mails.get_mail(current_app.config["UNDERSIGNED"].mail_folder, mail_id)
    return render_template("dev/mail.html", mail=mail)


@dev_mail.get("/<mail_id>/attachments/<int:number>")
def attachment(mail_id: str, number: int) -> Response:
    file = kept_mails.get_attachment(current_app.config["UNDERSIGNED"].mail_folder, mail_id, number)
    answer = Response(file.content, mimetype=file.kind)
    answer.headers.set("Content-Disposition", "attachment", filename=file.name)  # quoted and encoded as it must be
    return answer
